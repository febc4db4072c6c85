import { totals } from './running-total';

describe('running total', () => {
  test('no numbers', () => {
    expect(totals([])).toEqual([]);
  });

  xtest('one number', () => {
    expect(totals([4])).toEqual([4]);
  });

  xtest('several numbers', () => {
    expect(totals([1, 2, 3])).toEqual([1, 3, 6]);
  });

  test.skip('more numbers than there are', () => {
    expect(totals([1])).toEqual([1, 2]);
  });
});
