/** Validation metrics of a table of outputs [count, width]. */

/** Share of rows whose label is among the `k` largest outputs; among equals the lower class counts as larger. */
export function topK(outputs: Float32Array, width: number, labels: Int32Array, k: number): number {
  let right = 0;
  labels.forEach((label, row) => {
    const own = outputs[row * width + label];
    let ahead = 0;
    for (let c = 0; c < width; c++) {
      const other = outputs[row * width + c];
      if (other > own || (other === own && c < label)) ahead++;
    }
    if (ahead < k) right++;
  });
  return right / labels.length;
}

/** Area under the ROC curve of scores against a yes/no truth (Mann–Whitney statistic, ties count half); NaN when one side is empty. */
export function areaUnderCurve(scores: Float32Array, truth: (index: number) => boolean): number {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[a] - scores[b]);
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && scores[order[end]] === scores[order[start]]) end++;
    // Ranks start + 1 … end share their mean.
    const rank = (start + 1 + end) / 2;
    for (let i = start; i < end; i++) {
      if (truth(order[i])) {
        positives++;
        rankSum += rank;
      }
    }
    start = end;
  }
  const negatives = order.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** AUC of a single score, or the mean of one-against-rest AUCs over the classes that occur. */
export function classAuc(outputs: Float32Array, width: number, labels: Int32Array): number {
  if (width === 1) return areaUnderCurve(outputs, (i) => labels[i] === 1);
  let sum = 0;
  let count = 0;
  for (let c = 0; c < width; c++) {
    const scores = Float32Array.from(labels, (_, row) => outputs[row * width + c]);
    const auc = areaUnderCurve(scores, (row) => labels[row] === c);
    if (Number.isNaN(auc)) continue;
    sum += auc;
    count++;
  }
  return sum / count;
}

/** Mean over all elements of the squared difference. */
export function meanSquaredError(outputs: Float32Array, targets: Float32Array): number {
  let sum = 0;
  outputs.forEach((v, i) => {
    sum += (v - targets[i]) ** 2;
  });
  return sum / outputs.length;
}
