/** Every string that a person reads, in one place. */

const MINUTE = 60;
const HOUR = 3600;

const TASKS: Record<string, string> = {
  'tabular-classification': 'which class a row belongs to',
  'tabular-regression': 'a number for each row',
  'text-classification': 'which class a text belongs to',
  'image-classification': 'what is in a picture',
  'image-segmentation': 'what each spot of a picture shows',
  'object-detection': 'what is where in a picture',
  'time-series': 'how series go on'
};

const PHASES: Record<string, string> = {
  fetch: 'Getting the data',
  load: 'Opening the data',
  look: 'Looking at the data',
  fit: 'Trying models',
  compare: 'Testing on data that was held back',
  save: 'Saving the best',
  explain: 'Finding out what matters',
  report: 'Writing the report',
  store: 'Putting everything away',
  predict: 'Answering'
};

export const words = {
  gristmill: 'Gristmill',
  runs: 'Gristmill runs',
  wizard: 'Train a model',
  wizardCaption: 'From a file to a model, without code',
  train: 'Train a model…',
  runNotebook: 'Run with a budget…',
  keepRecipe: 'Keep as a recipe…',
  showRuns: 'Show runs',

  away: 'The Jupyter server does not answer.',
  tryAgain: 'Try again in a moment.',
  refused: (status: number) => `The platform refused (${status}).`,
  cancel: 'Cancel',
  close: 'Close',

  trainOn: (file: string) => `Train a model on ${file}`,
  looking: (file: string) => `Looking at ${file}…`,
  rows: (rows: number, columns: number) =>
    `${rows.toLocaleString()} rows, ${columns.toLocaleString()} ${columns === 1 ? 'column' : 'columns'}.`,
  target: 'What shall be predicted?',
  answer: (task: string) => `The model tells ${TASKS[task] ?? task}.`,
  budget: 'How long may it take?',
  name: 'What shall it be called?',
  confirm: 'This has to be said yes to before a model can be trained:',
  notices: 'Good to know',
  noProposal: 'Nothing can be predicted from this file as it is.',
  trainNow: 'Train',
  sending: 'Asking for the run…',

  runOf: (file: string) => `Run ${file} with a budget`,
  onItsData: (name: string) => `On the data of ${name}, which it was opened on.`,
  data: 'On which data?',
  noData: 'There is no dataset yet. Right-click a data file and choose “Train a model…” first.',
  run: 'Run',
  recipeOf: (file: string) => `Keep ${file} as a recipe`,
  recipeName: 'What shall the recipe be called?',
  recipeHint: 'Small letters, digits and hyphens.',
  keep: 'Keep',
  trying: 'Trying it on a tiny data set. This may take a few minutes…',
  kept: (name: string) => `${name} is a recipe now.`,
  queued: (name: string) => `${name} is queued.`,

  noRuns: 'No runs yet.',
  noRunsHint: 'Right-click a CSV, Excel, Parquet or ZIP file in the file browser and choose “Train a model…”.',
  loading: 'Asking for runs…',
  refresh: 'Ask again',
  status: {
    queued: 'Waiting',
    running: 'Running',
    succeeded: 'Done',
    failed: 'Failed',
    cancelled: 'Cancelled'
  },
  stopping: 'Stopping, with the best model so far',
  cancelling: 'Being cancelled',
  phase: (phase: string) => PHASES[phase] ?? phase,
  left: (seconds: number) => (seconds > 0 ? `${duration(seconds)} left` : 'finishing'),
  of: (budget: number) => `up to ${duration(budget)}`,
  predicts: (target: string) => `predicts ${target}`,
  best: (model: string, metric: string, score: string) => `Best so far: ${model}, ${metric} ${score}`,
  scored: (metric: string, score: string) => `${metric} ${score}`,
  salvaged: 'cut short; this is the best model that was there',
  report: 'Report',
  notebook: 'Notebook',
  stop: 'Stop, keep the best',
  ended: (name: string, status: string) => `${name}: ${status.toLowerCase()}.`,
  opening: 'Fetching the notebook and its data…',
  progress: (name: string) => `How much of the budget of ${name} is used`
};

/** A stretch of time as a person says it. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < MINUTE) {
    return `${whole} s`;
  }
  if (whole < HOUR) {
    return whole % MINUTE && whole < 10 * MINUTE
      ? `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`
      : `${Math.round(whole / MINUTE)} min`;
  }
  const minutes = Math.round((whole % HOUR) / MINUTE);
  return minutes ? `${Math.floor(whole / HOUR)} h ${minutes} min` : `${Math.floor(whole / HOUR)} h`;
}
