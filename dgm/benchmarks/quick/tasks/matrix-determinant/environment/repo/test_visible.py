from matrix import Matrix


def test_product():
    assert Matrix([[1, 2], [3, 4]]) * Matrix([[0, 1], [1, 0]]) == Matrix([[2, 1], [4, 3]])


def test_determinant():
    assert Matrix([[2, 1], [4, 5]]).determinant() == 6
    assert Matrix([[1, 2], [2, 4]]).determinant() == 0


def test_determinant_leaves_the_matrix_alone():
    m = Matrix([[2, 1], [4, 5]])
    m.determinant()
    assert m.rows() == [[2, 1], [4, 5]]


def test_transposed():
    assert Matrix([[1, 2, 3], [4, 5, 6]]).transposed().rows() == [[1, 4], [2, 5], [3, 6]]
