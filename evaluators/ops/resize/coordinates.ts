/** Resize: which input coordinate an output index looks at (`coordinate_transformation_mode`), along one axis. */
import { OperatorError } from '../operator.ts';

export interface Axis {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly scale: number;
  /** Region of interest as a share of the axis, for tf_crop_and_resize. */
  readonly roiStart: number;
  readonly roiEnd: number;
}

export const COORDINATE_MODES = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'tf_crop_and_resize',
] as const;

export function inputCoordinate(mode: string, index: number, axis: Axis): number {
  const { inputSize, outputSize, scale, roiStart, roiEnd } = axis;
  switch (mode) {
    case 'half_pixel':
      return (index + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': {
      const adjustment = outputSize / (scale * inputSize);
      return (inputSize / 2) * (1 - adjustment) + (index + 0.5) / scale - 0.5;
    }
    case 'pytorch_half_pixel':
      return outputSize > 1 ? (index + 0.5) / scale - 0.5 : 0;
    case 'align_corners':
      return outputSize === 1 ? 0 : (index * (inputSize - 1)) / (outputSize - 1);
    case 'asymmetric':
      return index / scale;
    case 'tf_half_pixel_for_nn':
      return (index + 0.5) / scale;
    case 'tf_crop_and_resize':
      if (outputSize <= 1) return 0.5 * (roiStart + roiEnd) * (inputSize - 1);
      return roiStart * (inputSize - 1) + (index * (roiEnd - roiStart) * (inputSize - 1)) / (outputSize - 1);
    default:
      throw new OperatorError(`coordinate transformation ${JSON.stringify(mode)} is not known`);
  }
}
