from template import TemplateError, render


def test_values_and_filters():
    values = {"name": "ann", "home": {"city": "york"}}
    assert render("{{ name|upper }} of {{home.city|title}}{{ none }}", values) == "ANN of York"


def test_if_and_else():
    template = "{% if vip %}welcome{% else %}hello{% end %}{% if not vip %}!{% end %}"
    assert render(template, {"vip": True}) == "welcome"
    assert render(template, {"vip": False}) == "hello!"


def test_for():
    assert render("{% for x in all %}<{{ x }}>{% end %}", {"all": [1, 2]}) == "<1><2>"


def test_for_in_for():
    template = "{% for row in rows %}{% for cell in row %}[{{ cell }}]{% end %};{% end %}"
    assert render(template, {"rows": [[1, 2], [3]]}) == "[1][2];[3];"


def test_value_that_looks_like_a_template():
    template = "{% for name in names %}Hello {{ name }}! {% end %}"
    values = {"names": ["{{ secret }}"], "secret": "1234"}
    assert render(template, values) == "Hello {{ secret }}! "


def test_block_without_end():
    try:
        render("{% if a %}text", {})
    except TemplateError:
        return
    assert False, "a block without an end was accepted"
