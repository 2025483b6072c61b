// Voila's page asks for a MathJax of a CDN. The wizard sets no formulas, so this stands in its place and does nothing.
window.MathJax = {
  Ajax: {},
  Hub: { Config() {}, Configured() {}, Queue() {}, Register: { StartupHook() {} } },
};
