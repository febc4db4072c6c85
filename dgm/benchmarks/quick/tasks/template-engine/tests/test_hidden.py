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


def refused(template):
    try:
        render(template, {"a": 1, "b": [1]})
    except TemplateError:
        return True
    return False


def test_if_in_if():
    template = "{% if a %}A{% if b %}B{% else %}-{% end %}{% else %}{% if b %}b{% end %}.{% end %}"
    results = [render(template, {"a": a, "b": b}) for a in (1, 0) for b in (1, 0)]
    assert results == ["AB", "A-", "b.", "."]


def test_if_in_for():
    template = "{% for p in people %}{{ p.name }}{% if p.vip %}*{% end %} {% end %}"
    people = [{"name": "ann", "vip": True}, {"name": "bo"}]
    assert render(template, {"people": people}) == "ann* bo "


def test_for_in_if():
    template = "{% if list %}{% for x in list %}{{ x }},{% end %}{% else %}none{% end %}"
    assert render(template, {"list": "ab"}) == "a,b,"
    assert render(template, {"list": []}) == "none"


def test_three_levels():
    inner = "{% for b in a %}{% for c in b %}{{ c }}{% end %}|{% end %}"
    template = "{% for a in x %}" + inner + "/{% end %}"
    assert render(template, {"x": [[[1, 2], [3]], [[4]]]}) == "12|3|/4|/"


def test_blocks_behind_each_other_in_a_block():
    inner = "{% if b %}1{% end %}{% if c %}2{% end %}{% for d in e %}3{% end %}"
    template = "{% if a %}" + inner + "{% end %}"
    assert render(template, {"a": 1, "b": 1, "c": 1, "e": [0, 0]}) == "1233"


def test_inner_name_hides_the_outer_one():
    inner = "{{ x }}{% for x in list %}{{ x }}{% end %}"
    template = "{{ x }}{% for x in list %}" + inner + "{% end %}{{ x }}"
    assert render(template, {"x": 0, "list": [1, 2]}) == "01122120"


def test_values_are_never_read_as_template():
    values = {"name": "{% if a %}", "all": ["{{ name }}", "{% end %}"], "yes": True}
    assert render("{{ name }}", values) == "{% if a %}"
    assert render("{% for x in all %}{{ x }}{% end %}", values) == "{{ name }}{% end %}"
    assert render("{% if yes %}{{ name }}{% end %}", values) == "{% if a %}"


def test_missing_values():
    assert render("{% for x in none %}a{% end %}{% if none.at.all %}b{% end %}c", {}) == "c"


def test_bad_templates():
    assert refused("{% end %}")
    assert refused("{% for x in b %}")
    assert refused("{% if a %}{% if a %}{% end %}")
    assert refused("{% if a %}{% end %}{% end %}")
    assert refused("{% for x in b %}{% if a %}{% end %}")
    assert refused("{{ a|shout }}")


def test_text_without_tags():
    assert render("", {}) == ""
    assert render("a { b } % c\n", {}) == "a { b } % c\n"
