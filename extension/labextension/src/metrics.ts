/** What a metric is called and what its numbers mean, for who has not met it; the wizard says the same. */

const METRICS: Record<string, [string, string]> = {
  accuracy: ['share of right answers', '1 is always right.'],
  balanced_accuracy: ['share of right answers, each group counting the same', '1 is always right.'],
  roc_auc: ['ranking', 'How often one of the group sought is ranked above one that is not: 1 is always, 0.5 is guessing.'],
  roc_auc_ovr_macro: ['ranking', 'How often one of a group is ranked above all others: 1 is always, 0.5 is guessing.'],
  average_precision: ['purity at the top', 'How few wrong ones stand among those ranked highest: 1 is none.'],
  f1: ['found and right', 'Balances how many are found against how many of the found are right: 1 is best.'],
  f1_macro: ['found and right, each group counting the same', '1 is best.'],
  precision: ['right among the found', '1 is no false alarm.'],
  recall: ['found of those there are', '1 misses none.'],
  log_loss: ['how sure and right', 'Being sure and wrong costs most: 0 is perfect.'],
  mcc: ['agreement', '1 is perfect, 0 is guessing.'],
  quadratic_kappa: ['agreement in order', 'Far misses count more than near ones: 1 is perfect.'],
  root_mean_squared_error: ['typical error', 'In the column’s own unit; large errors count more. 0 is perfect.'],
  mean_absolute_error: ['average error', 'In the column’s own unit. 0 is perfect.'],
  median_absolute_error: ['middle error', 'Half of all errors are smaller. 0 is perfect.'],
  mean_absolute_percentage_error: ['average error as a share', '0 is perfect.'],
  r2: ['share explained', 'How much of the ups and downs is explained: 1 is all of it.'],
  spearmanr: ['same order', '1 is the same order throughout.'],
  MASE: ['error beside a simple guess', 'Below 1 is better than repeating the last season.'],
  WQL: ['error of the whole range', 'How far the range that is forecast lies from what came: 0 is perfect.'],
  WAPE: ['error as a share of the total', '0 is perfect.'],
  SMAPE: ['error as a share', '0 is perfect.'],
  RMSE: ['typical error', 'In the column’s own unit; large errors count more. 0 is perfect.'],
  MAE: ['average error', 'In the column’s own unit. 0 is perfect.'],
  mean_iou: ['overlap', 'How well found and true areas cover each other: 1 is fully.'],
  dice: ['overlap, small areas too', '1 is fully.'],
  pixel_accuracy: ['share of right pixels', '1 is every one.'],
  map_50: ['boxes found, roughly placed', 'How many things are found, half of the box right: 1 is all.'],
  map_75: ['boxes found, closely placed', 'How many things are found, most of the box right: 1 is all.'],
  map: ['boxes found', 'How many things are found, in the right place: 1 is all.']
};

/** As a person calls it, with the name that it has in the API. */
export function called(metric: string): string {
  return METRICS[metric] ? `${METRICS[metric][0]} (${metric})` : metric;
}

/** What its numbers mean; nothing for a metric that is not known here. */
export function meaning(metric: string): string {
  return METRICS[metric]?.[1] ?? '';
}
