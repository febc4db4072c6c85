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


CUBE = [[2, 0, 1], [1, 3, 2], [1, 1, 4]]


def refused(action):
    try:
        action()
    except ValueError:
        return True
    return False


def test_inverse():
    for rows in (CUBE, [[2, 1], [4, 5]], [[0, 1], [1, 0]], [[4]]):
        m = Matrix(rows)
        assert m * m.inverse() == Matrix.identity(len(rows))
        assert m == Matrix(rows)


def test_determinant_twice():
    m = Matrix(CUBE)
    assert m.determinant() == 18
    assert m.determinant() == 18
    assert m.transposed().determinant() == 18


def test_determinant_with_exchanged_rows():
    m = Matrix([[0, 2], [3, 4]])
    assert m.determinant() == -6
    assert m.rows() == [[0, 2], [3, 4]]


def test_singular_matrix_stays_as_it_is():
    m = Matrix([[1, 2], [2, 4]])
    assert refused(m.inverse)
    assert m.rows() == [[1, 2], [2, 4]]


def test_given_and_returned_lists_are_not_shared():
    rows = [[1, 2], [3, 4]]
    m = Matrix(rows)
    rows[0][0] = 99
    m.rows()[1][1] = 99
    assert m == Matrix([[1, 2], [3, 4]])


def test_sum_and_scaling():
    m = Matrix([[1, 2], [3, 4]])
    assert m + m == m * 2
    assert (m * 3).rows() == [[3, 6], [9, 12]]


def test_minor():
    assert Matrix(CUBE).minor(1, 0).rows() == [[0, 1], [1, 4]]


def test_shapes_must_fit():
    wide = Matrix([[1, 2, 3]])
    assert wide.shape == (1, 3)
    assert refused(wide.determinant)
    assert refused(lambda: wide * wide)
    assert refused(lambda: wide + wide.transposed())
    assert refused(lambda: Matrix([[1, 2], [3]]))
    assert refused(lambda: Matrix([]))
