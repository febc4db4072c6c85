"""Mutation operators: each finds places in a program and offers edits that may repair it.

First-order mutation operators after DeMillo, Lipton and Sayward, "Hints on Test Data Selection"
(1978), and the redundancy assumption of GenProg (copied statements), with the slips people make.
"""

from dgm.gateway.builtin.operators import conditions, names, numbers, statements, values
from dgm.gateway.builtin.operators.source import Edit, Operator, Source

__all__ = ["OPERATORS", "Edit", "Operator", "Source"]

OPERATORS: tuple[tuple[Operator, float], ...] = (
    (conditions.other_comparison, 1.0),
    (conditions.shifted_bound, 0.4),
    (conditions.negated_condition, 0.7),
    (conditions.none_or_falsy, 0.5),
    (conditions.none_default, 0.6),
    (conditions.other_connective, 0.8),
    (conditions.dropped_operand, 0.3),
    (conditions.added_operand, 0.4),
    (conditions.other_truth, 0.6),
    (numbers.other_arithmetic, 0.7),
    (numbers.other_update, 0.5),
    (numbers.swapped_operands, 0.4),
    (numbers.dropped_term, 0.4),
    (numbers.regrouped_terms, 0.4),
    (numbers.other_number, 0.7),
    (numbers.shifted_index, 0.5),
    (numbers.shifted_slice, 0.6),
    (numbers.shifted_range, 0.9),
    (numbers.shifted_value, 0.4),
    (numbers.bounded_value, 0.3),
    (names.other_method, 0.7),
    (names.other_function, 0.6),
    (names.other_end, 0.6),
    (names.other_variable, 0.4),
    (names.other_attribute, 0.4),
    (names.swapped_arguments, 0.6),
    (names.other_order, 0.5),
    (names.other_default, 0.4),
    (names.subscript_to_get, 0.3),
    (values.other_string, 0.3),
    (values.split_on_spaces, 0.4),
    (values.other_initial_value, 0.3),
    (values.unwrapped, 0.3),
    (values.copied, 0.35),
    (values.other_iteration, 0.3),
    (values.normalised, 0.25),
    (values.rounded, 0.4),
    (values.other_exception, 0.5),
    (statements.deleted, 0.5),
    (statements.unwrapped_block, 0.3),
    (statements.swapped_statements, 0.4),
    (statements.dedented, 0.7),
    (statements.indented, 0.5),
    (statements.other_jump, 0.6),
    (statements.added_jump, 0.4),
    (statements.other_branching, 0.4),
    (statements.added_return, 0.6),
    (statements.other_return, 0.3),
    (statements.added_guard, 0.3),
    (statements.added_update, 0.3),
    (statements.copied_statement, 0.12),
    (statements.fresh_default, 1.0),
)
