"""How Hypothesis draws its examples. In continuous integration its own profile `ci` holds: the same
examples every time. Elsewhere they are drawn anew, and a failure prints how to have it again.
"""

from hypothesis import settings

if settings.get_current_profile_name() != "ci":
    settings.register_profile("local", deadline=None, print_blob=True)
    settings.load_profile("local")
