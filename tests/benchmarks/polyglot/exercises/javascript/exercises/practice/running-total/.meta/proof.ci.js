export const totals = (numbers) => {
  let sum = 0;
  return numbers.map((number) => (sum += number));
};
