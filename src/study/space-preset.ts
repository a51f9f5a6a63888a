/**
 * Search-space presets (config/spaces/*.yaml): templates that are expanded into parameters for one network. The result is
 * an ordinary list of parameters that users may edit.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Parameter, Params, ParamValue } from '@tinypareto/optimizer';
import { parseDocument } from 'yaml';
import { UserError } from '../errors.ts';
import type { CompressibleLayer } from './decode-plan.ts';

/** One parameter for each compressible layer; `{n}` in the name becomes the layer's number, from 1. */
export type LayerTemplate =
  /** Structures kept: about `levels` equal steps from `lowShare` of the layer's structures to all of them. */
  | { readonly name: string; readonly type: 'width'; readonly levels: number; readonly lowShare: number }
  /** Share removed, 0 to `high` in `levels` steps. */
  | { readonly name: string; readonly type: 'share'; readonly levels: number; readonly high: number }
  /** `none` and those of the named structure changes that make the layer cheaper; layers without any get no parameter. */
  | { readonly name: string; readonly type: 'restructure'; readonly choices: readonly ParamValue[] }
  /** The same choices for every layer. */
  | { readonly name: string; readonly type: 'choice'; readonly choices: readonly ParamValue[] };

export interface SpacePreset {
  readonly name: string;
  readonly description: string;
  readonly perLayer: readonly LayerTemplate[];
  readonly parameters: readonly Parameter[];
  /** Knobs with one value for all trials. */
  readonly fixed: Params;
}

const folder = fileURLToPath(new URL('../../config/spaces/', import.meta.url));

export function presetNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** Reads a preset by name. Throws `UserError` naming the presets there are. */
export function loadPreset(name: string): SpacePreset {
  const names = presetNames();
  if (!names.includes(name)) {
    throw new UserError({
      code: 'UNKNOWN_PRESET',
      message: `there is no search-space preset "${name}"`,
      where: 'space.preset',
      hint: `presets: ${names.join(', ')}`,
    });
  }
  const document = parseDocument(readFileSync(path.join(folder, `${name}.yaml`), 'utf8'));
  const [problem] = document.errors;
  if (problem !== undefined)
    throw new UserError({ code: 'BAD_PRESET', message: problem.message, where: `config/spaces/${name}.yaml` });
  return document.toJS() as SpacePreset;
}

function widthParameter(name: string, structures: number, levels: number, lowShare: number): Parameter {
  const step = Math.max(1, Math.round(structures / levels));
  const fewest = Math.max(1, Math.ceil(structures * lowShare));
  const low = structures - step * Math.floor((structures - fewest) / step);
  return { name, type: 'int', low, high: structures, step };
}

function layerParameter(template: LayerTemplate, layer: CompressibleLayer, number: number): Parameter | null {
  const name = template.name.replace('{n}', String(number));
  switch (template.type) {
    case 'width':
      return widthParameter(name, layer.structures, template.levels, template.lowShare);
    case 'share':
      return { name, type: 'float', low: 0, high: template.high, step: template.high / template.levels };
    case 'choice':
      return { name, type: 'categorical', choices: template.choices };
    case 'restructure': {
      const known = layer.restructures ?? [];
      const choices = template.choices.filter(
        (choice) => choice === 'none' || known.some((each) => each.name === choice),
      );
      return choices.length > 1 ? { name, type: 'categorical', choices } : null;
    }
  }
}

/** The parameters of a preset for a network, and its fixed knobs. */
export function expandPreset(
  preset: SpacePreset,
  layers: readonly CompressibleLayer[],
): { parameters: Parameter[]; fixed: Params } {
  const perLayer = layers.flatMap((layer, index) =>
    preset.perLayer.map((template) => layerParameter(template, layer, index + 1)),
  );
  return {
    parameters: [...perLayer.filter((parameter) => parameter !== null), ...preset.parameters],
    fixed: preset.fixed,
  };
}
