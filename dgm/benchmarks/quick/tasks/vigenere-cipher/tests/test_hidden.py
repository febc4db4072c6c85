from vigenere import caesar, crack_caesar, decrypt, encrypt


def test_encrypt_a_word():
    assert encrypt("attack", "lemon") == "lxfopv"


def test_encrypt_a_sentence():
    assert encrypt("Attack at dawn!", "Lemon") == "Lxfopv ef rnhr!"


def test_decrypt_undoes_encrypt():
    assert decrypt(encrypt("Meet me at noon", "key"), "key") == "Meet me at noon"


def test_caesar():
    assert caesar("xyz", 3) == "abc"


def test_crack_caesar():
    assert crack_caesar(caesar("the bees see the trees", 4)) == 4


def test_decrypt_a_sentence():
    assert decrypt("Lxfopv ef rnhr!", "lemon") == "Attack at dawn!"


def test_marks_and_digits_use_up_no_shift():
    assert encrypt("a-a 1 a", "bcd") == "b-c 1 d"
    assert encrypt("...aa", "bc") == "...bc"


def test_spaces_do_not_matter_to_the_letters():
    text = "go west at dawn"
    assert encrypt(text, "river").replace(" ", "") == encrypt(text.replace(" ", ""), "river")


def test_case_is_kept():
    assert encrypt("AbC", "b") == "BcD"
    assert encrypt("Zz", "B") == "Aa"


def test_caesar_of_a_sentence():
    assert caesar("Hello, World!", 13) == "Uryyb, Jbeyq!"
    assert caesar("Uryyb, Jbeyq!", -13) == "Hello, World!"


def test_other_alphabets_stay():
    assert encrypt("é a", "c") == "é c"


def test_bad_keys():
    for key in ("", "a b", "k3y"):
        try:
            encrypt("text", key)
        except ValueError:
            continue
        raise AssertionError("no ValueError for " + repr(key))


def test_crack_without_letters():
    assert crack_caesar("123 !") == 0


def test_crack_prefers_the_first_letter():
    assert crack_caesar("ba") == (0 - 4) % 26


def test_empty_text():
    assert encrypt("", "key") == ""
