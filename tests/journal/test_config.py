"""Settings from flags and variables: defaults, precedence, and errors that name the setting."""

import dataclasses
from pathlib import Path

import pytest

from thegrid_exchange.config import Config, ConfigError, variable_of


def test_the_defaults_serve_on_loopback_from_one_folder() -> None:
    config = Config.load()
    assert config.grpc_host == "127.0.0.1"
    assert config.journal_url.startswith("sqlite+aiosqlite:////")
    assert config.journal_url.endswith("/data/exchange.db")
    assert config.secret_path == Path("data/hash.secret")


def test_a_flag_wins_over_its_variable_and_that_over_the_default() -> None:
    environment = {"GRID_GRPC_PORT": "9001", "GRID_HEARTBEAT_S": "5"}
    config = Config.load(["--grpc-port", "9002"], environment)
    assert (config.grpc_port, config.heartbeat_s) == (9002, 5)


@pytest.mark.parametrize(
    ("flags", "environment", "named"),
    [
        (["--grpc-port", "70000"], {}, "--grpc-port (GRID_GRPC_PORT): '70000'"),
        ([], {"GRID_GRPC_PORT": "http"}, "--grpc-port (GRID_GRPC_PORT): 'http'"),
        ([], {"GRID_BATCH_COMMANDS": ""}, "--batch-commands (GRID_BATCH_COMMANDS): ''"),
        (["--role", "king"], {}, "--role (GRID_ROLE): 'king' is none of"),
        ([], {"GRID_ACCEPT_CLOCK_JUMP": "maybe"}, "GRID_ACCEPT_CLOCK_JUMP"),
        (["--tls-key-file", "key.pem"], {}, "--tls-certificate-file"),
        (["--hash-secret-file", "/nowhere/secret"], {}, "/nowhere/secret is no file"),
        (["--grpc-host", "0.0.0.0"], {}, "not loopback"),
        (["--no-such", "1"], {}, "--no-such"),
        ([], {"GRID_DATA": ""}, "--data (GRID_DATA)"),
    ],
)
def test_a_bad_value_is_refused_naming_the_setting(
    flags: list[str], environment: dict[str, str], named: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.load(flags, environment)
    assert named in str(caught.value)


def test_an_open_address_is_taken_when_said_explicitly() -> None:
    config = Config.load(["--grpc-host", "0.0.0.0", "--insecure-bind"])
    assert config.insecure_bind


def test_every_setting_has_help_and_every_number_a_range() -> None:
    for setting in dataclasses.fields(Config):
        assert setting.metadata["help"], setting.name
        assert variable_of(setting.name).isupper()
        if setting.type is int:
            assert setting.metadata["least"] <= setting.default <= setting.metadata["most"]
