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
