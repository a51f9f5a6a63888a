/** CSV data sets: a header line, one sample a line, one column of class numbers. */
import { DatasetError } from './dataset-error.ts';

export interface CsvTable {
  /** [rows, columns without the label]. */
  readonly samples: Float32Array;
  readonly labels: Int32Array;
  readonly width: number;
}

function number(text: string, where: string, hint: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) {
    throw new DatasetError('DATASET_FORMAT', `${where}: "${text}" is not a number`, where, hint);
  }
  return value;
}

const LABELS = 'labels are 0-based class numbers';
const OTHERS = 'remove or convert the column';

/** Reads numbers; `labelColumn` defaults to a column named "label" or "class", else the last one. */
export function parseCsv(text: string, where: string, labelColumn?: string): CsvTable {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const header = (lines[0] ?? '').split(',').map((name) => name.trim());
  const named =
    labelColumn === undefined ? header.findIndex((name) => /^(label|class)$/i.test(name)) : header.indexOf(labelColumn);
  if (labelColumn !== undefined && named < 0) {
    const hint = `columns: ${header.join(', ')}`;
    throw new DatasetError('DATASET_FORMAT', `${where} has no column "${labelColumn}"`, where, hint);
  }
  const label = named < 0 ? header.length - 1 : named;
  const rows = lines.slice(1);
  const width = header.length - 1;
  const samples = new Float32Array(rows.length * width);
  const labels = new Int32Array(rows.length);
  rows.forEach((line, r) => {
    const fields = line.split(',');
    const place = `${where}:${r + 2}`;
    if (fields.length !== header.length) {
      const text = `${place} has ${fields.length} fields, the header has ${header.length}`;
      throw new DatasetError('DATASET_FORMAT', text, place, 'every line needs one field per column');
    }
    let at = r * width;
    fields.forEach((field, c) => {
      const value = number(field, place, c === label ? `${LABELS}: write numbers for names` : OTHERS);
      if (c !== label) samples[at++] = value;
      else if (Number.isInteger(value)) labels[r] = value;
      else
        throw new DatasetError(
          'LABEL_OUT_OF_RANGE',
          `${place}: label ${field.trim()} is no whole number`,
          place,
          LABELS,
        );
    });
  });
  return { samples, labels, width };
}
