from editor import Editor


def test_undo_and_redo():
    editor = Editor("abc")
    editor.delete(1)
    assert editor.text == "ac"
    assert editor.undo()
    assert editor.text == "abc"
    assert editor.redo()
    assert editor.text == "ac"


def test_typed_words_are_undone_one_by_one():
    editor = Editor()
    editor.type("hello big world")
    editor.undo()
    assert editor.text == "hello big "


def test_no_redo_after_a_new_change():
    editor = Editor()
    editor.type("cat")
    editor.undo()
    editor.type("dog")
    assert not editor.redo()
    assert editor.text == "dog"


def test_nothing_to_undo():
    assert not Editor("abc").undo()


def test_delete_also_ends_redo():
    editor = Editor("abcdef")
    editor.delete(0, 3)
    editor.undo()
    editor.delete(5)
    assert not editor.redo()
    assert editor.text == "abcde"


def test_several_undone_changes_are_all_given_up():
    editor = Editor()
    for piece in ("one", "two", "three"):
        editor.insert(0, piece)
    editor.undo()
    editor.undo()
    editor.insert(0, "X")
    assert not editor.redo()
    assert editor.text == "Xone"
    assert editor.undo() and editor.undo()
    assert editor.text == ""
    assert not editor.undo()


def test_redo_in_order():
    editor = Editor()
    for piece in ("a1", "b2", "c3"):
        editor.insert(len(editor.text), piece)
    for _ in range(3):
        editor.undo()
    texts = []
    while editor.redo():
        texts.append(editor.text)
    assert texts == ["a1", "a1b2", "a1b2c3"]


def test_undo_after_redo():
    editor = Editor("x")
    editor.insert(1, "yz")
    editor.undo()
    editor.redo()
    editor.undo()
    assert editor.text == "x"
    assert editor.redo()


def test_letters_after_an_undo_start_afresh():
    editor = Editor()
    editor.type("ab ")
    editor.type("cd")
    editor.undo()
    editor.type("e")
    editor.undo()
    assert editor.text == "ab "


def test_letters_elsewhere_are_not_joined():
    editor = Editor("--")
    editor.insert(1, "a")
    editor.insert(1, "b")
    editor.undo()
    assert editor.text == "-a-"


def test_limit():
    editor = Editor(limit=2)
    for piece in ("one", "two", "three"):
        editor.insert(0, piece)
    assert editor.undo() and editor.undo()
    assert not editor.undo()
    assert editor.text == "one"


def test_outside_of_the_text():
    editor = Editor("ab")
    for function, *arguments in ((editor.insert, 3, "x"), (editor.delete, 1, 2)):
        try:
            function(*arguments)
        except IndexError:
            continue
        assert False, arguments
    assert editor.text == "ab"
