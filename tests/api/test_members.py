"""Members, keys, settings and the operator's calls over real gRPC."""

import asyncio

from tests.support.exchange import SYMBOL, Exchange, Participant, a_spec
from tests.support.refusals import refused
from thegrid.v1 import (
    accounts_pb2,
    admin_pb2,
    instruments_pb2,
    market_data_pb2,
    members_pb2,
    supply_pb2,
)


def a_key(request_id: str, **changes: object) -> members_pb2.CreateKeyRequest:
    scopes = [members_pb2.SCOPE_TRADE_READ]
    return members_pb2.CreateKeyRequest(request_id=request_id, label="k", scopes=scopes, **changes)


async def test_a_repeated_create_key_shows_the_same_secret_while_the_exchange_lives(
    exchange: Exchange, buyer: Participant
) -> None:
    answers = await asyncio.gather(*[buyer.members.CreateKey(a_key("k")) for _ in range(4)])
    assert len({answer.key.key_id for answer in answers}) == 1
    secrets = {answer.secret for answer in answers}
    assert len(secrets - {""}) == 1
    again = await buyer.members.CreateKey(a_key("k"))
    assert again.secret in secrets
    works = Participant(buyer.member_id, again.secret, exchange)
    await works.accounts.GetBalances(accounts_pb2.GetBalancesRequest())
    assert again.key.key_id == again.secret.partition(".")[0]
    exchange.running.services.new_secrets._secrets.clear()  # as after a restart
    later = await buyer.members.CreateKey(a_key("k"))
    assert (later.key, later.secret) == (again.key, "")
    other = a_key("k", limits=members_pb2.KeyLimits(requests_per_second=5))
    assert (await refused(buyer.members.CreateKey(other))).reason == "REQUEST_CONFLICT"


async def test_no_secret_is_ever_written_down(exchange: Exchange, buyer: Participant) -> None:
    folder = exchange.running.config.data
    tail = buyer.secret.partition(".")[2].encode()
    for path in folder.iterdir():
        assert tail not in path.read_bytes(), path
    assert (folder / "operator.key").stat().st_mode & 0o077 == 0
    assert (folder / "hash.secret").stat().st_mode & 0o077 == 0


async def test_keys_are_listed_newest_first_page_by_page_with_their_ends(
    exchange: Exchange, buyer: Participant
) -> None:
    made = [(await buyer.members.CreateKey(a_key(f"k{n}"))).key.key_id for n in range(4)]
    await buyer.members.RevokeKey(members_pb2.RevokeKeyRequest(request_id="r", key_id=made[1]))
    request = members_pb2.ListKeysRequest(page_size=2)
    seen: list[members_pb2.Key] = []
    while True:
        page = await buyer.members.ListKeys(request)
        seen += page.keys
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    assert [key.key_id for key in seen[:4]] == made[::-1]
    assert len(seen) == 5
    assert [key.key_id for key in seen if key.HasField("revoke_time")] == [made[1]]


async def test_settings_that_are_set_change_and_the_others_stay(buyer: Participant) -> None:
    request = members_pb2.UpdateSettingsRequest(
        request_id="s",
        account_mode=members_pb2.ACCOUNT_MODE_AUTO,
        auto_buy_ceiling_micros=2_000_000,
    )
    first = await buyer.members.UpdateSettings(request)
    request = members_pb2.UpdateSettingsRequest(request_id="s2", auto_transfer=True)
    settings = (await buyer.members.UpdateSettings(request)).settings
    assert first.settings.auto_buy_ceiling_micros == settings.auto_buy_ceiling_micros == 2_000_000
    assert (settings.account_mode, settings.auto_transfer) == (1, True)
    shown = await buyer.members.GetMember(members_pb2.GetMemberRequest())
    assert shown.member.settings == settings
    assert list(shown.scopes) == [3, 1, 2]


async def test_the_operator_may_name_another_member_and_others_may_not(
    exchange: Exchange, buyer: Participant
) -> None:
    request = members_pb2.UpdateSettingsRequest(
        request_id="o", member_id=buyer.member_id, auto_transfer=True
    )
    answer = await exchange.operator.members.UpdateSettings(request)
    assert answer.settings.auto_transfer
    other = await exchange.create_member("other")
    assert (await refused(other.members.UpdateSettings(request))).reason == "MEMBER_NOT_FOUND"


async def test_money_comes_and_goes_and_more_than_there_is_stays(
    exchange: Exchange, buyer: Participant
) -> None:
    request = admin_pb2.WithdrawRequest(
        request_id="w", member_id=buyer.member_id, amount_micros=1, reference="bank"
    )
    answer = await exchange.admin.Withdraw(request)
    assert answer.available_micros == 10_000_000_000 - 1
    request.request_id, request.amount_micros = "w2", 10**15
    answer = await refused(exchange.admin.Withdraw(request))
    assert (answer.reason, int(answer.metadata["limit"])) == (
        "INSUFFICIENT_FUNDS",
        10_000_000_000 - 1,
    )
    fund = admin_pb2.FundGuaranteeRequest(request_id="f", amount_micros=77)
    assert (await exchange.admin.FundGuarantee(fund)).guarantee_micros == 77


async def test_a_specification_has_versions_each_in_force_from_its_time(
    exchange: Exchange, market: str
) -> None:
    spec = a_spec(output_min_tokens=20_000)
    spec.effective_time.FromMicroseconds(exchange.clock.now_us() + 60_000_000)
    request = admin_pb2.PublishSpecRequest(request_id="p", instrument=SYMBOL, spec=spec)
    answer = await exchange.admin.PublishSpec(request)
    assert (answer.instrument.spec.version, len(answer.instrument.versions)) == (1, 2)
    get = instruments_pb2.GetInstrumentRequest(instrument=f"ins_{SYMBOL}")
    await exchange.advance(60_000_000)
    shown = (await exchange.operator.instruments.GetInstrument(get)).instrument
    assert (shown.spec.version, shown.spec.output_min_tokens) == (2, 20_000)
    now = admin_pb2.PublishSpecRequest(request_id="p3", instrument=SYMBOL, spec=a_spec())
    assert (await exchange.admin.PublishSpec(now)).instrument.spec.version == 3


async def test_a_specification_comes_back_as_it_went(exchange: Exchange, market: str) -> None:
    get = instruments_pb2.GetInstrumentRequest(instrument=SYMBOL)
    shown = (await exchange.operator.instruments.GetInstrument(get)).instrument.spec
    expected = a_spec(version=1, capacity_weight_milli=1_000)
    expected.effective_time.CopyFrom(shown.effective_time)
    assert shown == expected


async def test_policy_is_listed_with_meanings_and_changed_by_name(exchange: Exchange) -> None:
    change = admin_pb2.PolicyValue(name="reserve_step_tokens", value=99)
    await exchange.admin.SetPolicy(admin_pb2.SetPolicyRequest(request_id="s", changes=[change]))
    policy = (await exchange.admin.GetPolicy(admin_pb2.GetPolicyRequest())).policy
    named = {each.name: each for each in policy}
    assert named["reserve_step_tokens"].value == 99
    assert all(each.description for each in policy)
    twice = admin_pb2.SetPolicyRequest(request_id="t", changes=[change, change])
    assert list((await refused(exchange.admin.SetPolicy(twice))).fields) == ["changes"]


async def test_members_markets_and_instruments_page_without_loss(exchange: Exchange) -> None:
    for number in range(5):
        await exchange.create_member(f"m{number}")
        await exchange.define_instrument(f"text-{number}")
    lists = [
        (exchange.admin.ListMembers, admin_pb2.ListMembersRequest, "members", "member_id"),
        (
            exchange.operator.instruments.ListInstruments,
            instruments_pb2.ListInstrumentsRequest,
            "instruments",
            "symbol",
        ),
        (
            exchange.operator.market_data.ListMarkets,
            market_data_pb2.ListMarketsRequest,
            "markets",
            "market_id",
        ),
    ]
    for call, kind, name, key in lists:
        request, seen = kind(page_size=2), list[str]()
        while True:
            page = await call(request)
            seen += [getattr(each, key) for each in getattr(page, name)]
            request.page_token = page.next_page_token
            if not request.page_token:
                break
        assert seen == sorted(seen, reverse=name == "members")
        assert len(set(seen)) == len(seen) >= 5


async def test_offers_and_supply_of_a_supplier(exchange: Exchange, supplier: Participant) -> None:
    offers = (await supplier.supply.ListOffers(supply_pb2.ListOffersRequest())).offers
    assert [(offer.symbol, offer.terms.model) for offer in offers] == [(SYMBOL, "demo-model")]
    retire = supply_pb2.RetireUnitsRequest(request_id="r", instrument=SYMBOL, quantity_units=400)
    answer = await supplier.supply.RetireUnits(retire)
    assert answer.supply.retired_tokens == 400_000_000
    assert answer.supply.unsold_tokens == 600_000_000
    withdraw = supply_pb2.WithdrawOfferRequest(request_id="w", instrument=SYMBOL)
    await supplier.supply.WithdrawOffer(withdraw)
    assert not (await supplier.supply.ListOffers(supply_pb2.ListOffersRequest())).offers
    withdraw.request_id = "w2"
    answer = await refused(supplier.supply.WithdrawOffer(withdraw))
    assert answer.reason == "OFFER_NOT_FOUND"
