from face_contract.ping import is_ping


def test_a_ping_says_so() -> None:
    assert is_ping({"source": "warm-up"})


def test_a_request_is_never_a_ping_whatever_it_holds() -> None:
    assert not is_ping({"source": "warm-up", "requestContext": {}})
    assert not is_ping({"body": '{"source": "warm-up"}', "requestContext": {}})
    assert not is_ping({})
    assert not is_ping({"source": "aws.events"})
