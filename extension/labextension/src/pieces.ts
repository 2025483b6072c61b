/** Pieces of a page: elements, labelled fields, a choice of budgets. */

import { duration, words } from './words';

type Child = Node | string | null;

const BUDGETS = [60, 300, 600, 1800, 3600, 4 * 3600];

let fields = 0;

/** An element with a class and children; text stays text, whatever it holds. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name = '',
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (name) {
    element.className = name;
  }
  element.append(...children.filter((child): child is Node | string => child !== null));
  return element;
}

/** A field below its label, and below it a place for a sentence. */
export function field(label: string, control: HTMLElement, said: HTMLElement | null = null): HTMLElement {
  control.id = `gm-field-${(fields += 1)}`;
  const named = make('label', 'gm-label', label);
  named.htmlFor = control.id;
  if (said) {
    said.id = `${control.id}-said`;
    control.setAttribute('aria-describedby', said.id);
  }
  return make('div', 'gm-field', named, control, said);
}

/** A select that JupyterLab's theme dresses; each option is a value and what to call it. */
export function select(options: [string, string][], chosen: string): HTMLSelectElement {
  const control = make('select', 'jp-mod-styled gm-control');
  for (const [value, called] of options) {
    const option = make('option', '', called);
    option.value = value;
    option.selected = value === chosen;
    control.append(option);
  }
  return control;
}

export function text(value: string): HTMLInputElement {
  const control = make('input', 'jp-mod-styled gm-control');
  control.value = value;
  control.maxLength = 200;
  return control;
}

/** How long it may take: the usual ones, and the one that is proposed. */
export function budgets(proposed: number): HTMLSelectElement {
  const all = [...new Set([...BUDGETS, proposed])].sort((one, other) => one - other);
  return select(
    all.map(seconds => [String(seconds), duration(seconds)]),
    String(proposed)
  );
}

export function button(label: string, pressed: () => void, named = label): HTMLButtonElement {
  const control = make('button', 'gm-button', label);
  control.type = 'button';
  control.setAttribute('aria-label', named);
  control.addEventListener('click', pressed);
  return control;
}

/** What went wrong, as the platform says it. */
export function sentence(error: unknown): string {
  return error instanceof Error && error.message ? error.message : words.away;
}
