// What the exercises' babel.config.js names. This Node understands the language itself; modules are
// translated, since Jest loads them by `require`.
module.exports = () => ({
  plugins: [require('@babel/plugin-transform-modules-commonjs')],
});
