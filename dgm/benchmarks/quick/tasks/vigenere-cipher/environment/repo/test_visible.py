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
