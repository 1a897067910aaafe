"""Tokens: the principals that they name, and that none can be created without the key."""

import os
from pathlib import Path

import pytest
from localcloud.engine import tokens
from localcloud.engine.tokens import Tokens, named
from localcloud.errors import CloudError

POOLED = (
    "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/g/subject/repo:o/r:ref/123?a=%"
)
ALICE = "user:alice@example.com"
OURS = Tokens(b"key")


def sent(value: str, now: float = 100) -> str:
    return OURS.principal({"authorization": f"Bearer {value}"}, now)


def test_a_missing_token_names_nobody() -> None:
    assert OURS.principal({}, 0) == ""


@pytest.mark.parametrize(
    "name", [ALICE, "serviceAccount:a@p.iam.gserviceaccount.com", POOLED, "user:ünïcode@example.com"]
)
def test_a_token_names_its_principal(name: str) -> None:
    for token in (OURS.token(name), OURS.token(name, 101)):
        assert (sent(token), named(token)) == (name, name)
        assert token.isascii()


def test_a_bare_address_is_a_users_or_an_accounts() -> None:
    assert sent(OURS.token("alice@example.com")) == ALICE
    assert sent(OURS.token("a@p.iam.gserviceaccount.com")) == "serviceAccount:a@p.iam.gserviceaccount.com"


def test_an_expired_token_is_refused() -> None:
    token = OURS.token(ALICE, 100)
    assert sent(token, 99) == ALICE
    with pytest.raises(CloudError) as caught:
        sent(token)
    assert caught.value.code == 401


def test_a_shells_token_ends_within_a_day_by_the_machines_clock_and_not_by_the_clouds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment, half_day = 1_900_000_000.0, 12 * 3600
    monkeypatch.setattr("time.time", lambda: moment)
    token = OURS.lasting(ALICE)
    assert token == OURS.lasting(ALICE)
    assert sent(token, now=moment * 2) == ALICE
    monkeypatch.setattr("time.time", lambda: moment + half_day)
    assert sent(token) == ALICE
    monkeypatch.setattr("time.time", lambda: moment + 2 * half_day)
    with pytest.raises(CloudError) as caught:
        sent(token)
    assert caught.value.message == (
        "The access token expired at 2030-03-18 12:00 UTC, and by the local cloud's clock it is 2030-03-18 17:46 UTC: take a new one, in a shell with "
        '`eval "$(groundwork local env)"`; if that has expired as well, set the clock of the program that took it, which is slow.'
    )


@pytest.mark.parametrize(
    "value",
    [
        "ya29.abc",
        "local/",
        "local/alice",
        f"local/{ALICE}",
        f"local/{ALICE}/",
        f"local/{ALICE}//",
        f"local/{ALICE}//Ünïcode",
        Tokens(b"guess").token(ALICE),
        OURS.token(ALICE, 50).replace("/50/", "//"),
        OURS.token(ALICE).replace("alice", "owner"),
        OURS.token(ALICE) + "x",
        OURS.token(ALICE)[:-1],
        OURS.assertion({"sub": ALICE}),
        "",
    ],
)
def test_tokens_made_without_the_key_are_refused(value: str) -> None:
    with pytest.raises(CloudError, match="invalid authentication credentials"):
        sent(value, 0)


def test_another_scheme_is_refused() -> None:
    with pytest.raises(CloudError):
        OURS.principal({"authorization": f"Basic {OURS.token(ALICE)}"}, 0)


def test_an_assertion_is_recognized_and_a_token_is_not_one() -> None:
    assert OURS.asserted(OURS.assertion({"sub": "repo:a/b"}))
    assert not OURS.asserted(Tokens(b"guess").assertion({"sub": "repo:a/b"}))
    assert not OURS.asserted(OURS.token(ALICE))


def test_the_key_is_made_once_and_nobody_else_reads_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        token = tokens.opened(tmp_path).token(ALICE)
    finally:
        os.umask(before)
    assert (tmp_path / tokens.KEY).stat().st_mode & 0o777 == 0o600
    assert tokens.of(tmp_path).token(ALICE) == tokens.opened(tmp_path).token(ALICE) == token
    assert [file.name for file in tmp_path.iterdir()] == [tokens.KEY]


def test_when_two_processes_create_the_key_the_first_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tokens.opened(tmp_path).token(ALICE)
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    assert tokens.opened(tmp_path).token(ALICE) == first
    assert [file.name for file in tmp_path.iterdir()] == [tokens.KEY]


def test_two_clouds_do_not_take_each_others_tokens(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    theirs = tokens.opened(tmp_path / "a").token(ALICE)
    with pytest.raises(CloudError):
        tokens.opened(tmp_path / "b").principal({"authorization": f"Bearer {theirs}"}, 0)
