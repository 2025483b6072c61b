/**
 * The panel: one's runs, live. It asks while it can be seen, or while a run that it knows of is not over, and tells
 * when one ends. Nothing is asked before it is first shown: without a hub the first question starts the platform.
 */

import { refreshIcon } from '@jupyterlab/ui-components';
import { Poll } from '@lumino/polling';
import { Widget } from '@lumino/widgets';
import type { Message } from '@lumino/messaging';

import { called, meaning } from './metrics';
import { button, make, sentence } from './pieces';
import { isOver, type Event, type Platform, type Run } from './platform';
import { tellDone, tellRefused } from './telling';
import { words } from './words';

const EVERY = 2000; // milliseconds between two questions
const SELDOM = 30_000; // at most, while nothing answers
const MOST_FOLLOWED = 5; // runs whose events are asked for

/** What the events of a run have told so far. */
interface INews {
  seq: number;
  phase: string;
  best: { model: string; score: number } | null;
}

/** What can be done with a run from here. */
export interface IDeeds {
  openNotebook: (run: Run) => Promise<void>;
  openReport: (run: Run) => void;
}

export class RunsPanel extends Widget {
  constructor(
    private readonly platform: Platform,
    private readonly deeds: IDeeds
  ) {
    super();
    this.addClass('gm-Runs');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', words.runs);
    this.said.setAttribute('role', 'status');
    this.list.setAttribute('aria-label', words.runs);
    this.list.setAttribute('role', 'list'); // without its bullets it would be none to some screen readers
    const again = button('', () => void this.poll.refresh(), words.refresh);
    again.title = words.refresh;
    again.classList.add('gm-mod-icon');
    refreshIcon.element({ container: again });
    this.node.append(
      make('div', 'gm-Runs-head', make('h2', '', words.runs), again),
      this.said,
      this.empty,
      this.list
    );
    this.said.textContent = words.loading;
    this.empty.hidden = true;
    this.empty.append(make('p', 'gm-Runs-none', words.noRuns), make('p', '', words.noRunsHint));
    this.poll = new Poll({
      auto: false,
      factory: () => this.ask(),
      frequency: { interval: EVERY, backoff: true, max: SELDOM },
      name: 'gristmill:runs',
      standby: () => (this.isVisible || this.isWatching ? 'when-hidden' : true)
    });
  }

  /** A run has just been asked for: look now. */
  look(): void {
    void this.poll.refresh();
  }

  dispose(): void {
    this.poll.dispose();
    super.dispose();
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.look();
  }

  private get isWatching(): boolean {
    return [...this.rows.values()].some(row => !isOver(row.run));
  }

  private async ask(): Promise<void> {
    let runs: Run[];
    try {
      runs = await this.platform.runs();
      await Promise.all(
        runs
          .filter(run => run.status === 'running')
          .slice(0, MOST_FOLLOWED)
          .map(run => this.follow(run))
      );
    } catch (error) {
      this.said.textContent = sentence(error);
      this.said.classList.add('gm-mod-refused');
      throw error; // asked less often from now on
    }
    this.said.textContent = '';
    this.said.classList.remove('gm-mod-refused');
    this.lay(runs);
  }

  private async follow(run: Run): Promise<void> {
    const known = this.news.get(run.id) ?? { seq: 0, phase: '', best: null };
    const events = await this.platform.events(run.id, known.seq);
    this.news.set(run.id, events.reduce(heard, known));
  }

  private lay(runs: Run[]): void {
    this.empty.hidden = runs.length > 0;
    const there = new Set(runs.map(run => run.id));
    for (const [id, row] of this.rows) {
      if (!there.has(id)) {
        row.node.remove();
        this.rows.delete(id);
      }
    }
    runs.forEach((run, place) => {
      let row = this.rows.get(run.id);
      if (!row) {
        row = new Row(run, this.platform, this.deeds, () => void this.poll.refresh());
        this.rows.set(run.id, row);
      } else if (isOver(run) && !isOver(row.run)) {
        ended(run);
      }
      row.show(run, this.news.get(run.id) ?? null);
      if (this.list.children[place] !== row.node) {
        this.list.insertBefore(row.node, this.list.children[place] ?? null);
      }
    });
  }

  private readonly poll: Poll;
  private readonly said = make('p', 'gm-said');
  private readonly empty = make('div', 'gm-Runs-empty');
  private readonly list = make('ul', 'gm-Runs-list');
  private readonly rows = new Map<string, Row>();
  private readonly news = new Map<string, INews>();
}

/** One run. What can be pressed is made anew only when something else can be, so that the keyboard keeps its place. */
class Row {
  readonly node = make('li', 'gm-Run');

  constructor(
    public run: Run,
    private readonly platform: Platform,
    private readonly deeds: IDeeds,
    private readonly changed: () => void
  ) {
    this.name.title = run.name;
    this.name.textContent = run.name;
    this.bar.setAttribute('aria-label', words.progress(run.name));
    this.said.setAttribute('role', 'status');
    this.node.append(make('div', 'gm-Run-head', this.name, this.state), this.about, this.bar, this.now, this.pressed);
    this.node.append(this.said);
  }

  show(run: Run, news: INews | null): void {
    this.run = run;
    this.node.dataset.status = run.status;
    put(this.state, words.status[run.status]);
    put(this.about, [run.target ? words.predicts(run.target) : '', words.of(run.budget)].filter(part => part).join(', '));
    const used = run.claimed_at ? Date.now() / 1000 - run.claimed_at : 0;
    this.bar.hidden = run.status !== 'running';
    this.bar.max = run.budget;
    this.bar.value = Math.min(used, run.budget);
    put(this.now, present(run, news, run.budget - used));
    this.now.title = meaning(run.metric);
    const deeds = possible(run);
    if (deeds.join() !== this.offered) {
      this.offered = deeds.join();
      this.pressed.replaceChildren(...deeds.map(deed => this.button(deed)));
    }
  }

  private button(deed: Deed): HTMLButtonElement {
    const control = button(words[deed], () => void this.do(deed, control), `${words[deed]}: ${this.run.name}`);
    return control;
  }

  private async do(deed: Deed, control: HTMLButtonElement): Promise<void> {
    control.disabled = true;
    this.said.classList.remove('gm-mod-refused');
    this.said.textContent = deed === 'notebook' ? words.opening : '';
    try {
      if (deed === 'report') {
        this.deeds.openReport(this.run);
      } else if (deed === 'notebook') {
        await this.deeds.openNotebook(this.run);
      } else {
        await this.platform.end(this.run.id, deed === 'stop');
        this.changed();
      }
      this.said.textContent = '';
    } catch (error) {
      this.said.textContent = sentence(error);
      this.said.classList.add('gm-mod-refused');
    } finally {
      control.disabled = false;
    }
  }

  private readonly name = make('span', 'gm-Run-name');
  private readonly state = make('span', 'gm-Run-state');
  private readonly about = make('p', 'gm-hint');
  private readonly bar = make('progress');
  private readonly now = make('p', 'gm-Run-now');
  private readonly pressed = make('div', 'gm-Run-deeds');
  private readonly said = make('p', 'gm-said');
  private offered = '';
}

type Deed = 'report' | 'notebook' | 'stop' | 'cancel';

function possible(run: Run): Deed[] {
  if (!isOver(run)) {
    const ends: Deed[] = run.status === 'running' && run.kind === 'train' ? ['stop', 'cancel'] : ['cancel'];
    return run.wanted === 'finish' ? ends : run.wanted === 'stop' ? ['cancel'] : [];
  }
  const deeds: Deed[] = run.artifacts?.some(artifact => artifact.name === 'report') ? ['report'] : [];
  return run.kind === 'train' ? [...deeds, 'notebook'] : deeds;
}

/** Where a run stands, in a sentence or two. */
function present(run: Run, news: INews | null, left: number): string {
  if (run.status === 'failed') {
    return [run.failure?.what, run.failure?.cure].filter(part => part).join(' ');
  }
  if (!isOver(run) && run.wanted !== 'finish') {
    return run.wanted === 'stop' ? words.stopping : words.cancelling;
  }
  const said: string[] = [];
  if (run.status === 'running') {
    said.push([news?.phase ? words.phase(news.phase) : '', words.left(left)].filter(part => part).join(', '));
    if (news?.best) {
      said.push(words.best(news.best.model, called(run.metric), rounded(news.best.score)));
    }
  } else if (run.status === 'succeeded' && run.score !== null && run.score !== undefined) {
    said.push(words.scored(called(run.metric), rounded(run.score)));
  }
  if (run.salvaged) {
    said.push(words.salvaged);
  }
  return said.join('. ');
}

function heard(known: INews, event: Event): INews {
  const { phase, rows } = event.body;
  const first = Array.isArray(rows) ? rows[0] : null; // a notebook may have written anything
  const best = typeof first?.model === 'string' && typeof first.score === 'number' ? first : known.best;
  return { seq: event.seq, phase: typeof phase === 'string' && phase ? phase : known.phase, best };
}

function ended(run: Run): void {
  const said = words.ended(run.name, words.status[run.status]);
  if (run.status === 'failed') {
    tellRefused(said);
  } else {
    tellDone(said);
  }
}

function rounded(score: number): string {
  return score.toLocaleString(undefined, { maximumSignificantDigits: 4 });
}

/** Text that is there already is not put there again: screen readers would read it again. */
function put(element: HTMLElement, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
