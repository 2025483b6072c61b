/** “Train a model…” on a data file: what the platform proposes, what a person settles, and the run. */

import { PathExt } from '@jupyterlab/coreutils';

import { Asking } from './asking';
import { Notices } from './notices';
import { budgets, field, make, select, sentence, text } from './pieces';
import type { Dataset, Platform, Proposal, Run } from './platform';
import { words } from './words';

/** The dialog; whoever shows it hears of the run that comes of it. */
export function training(platform: Platform, path: string, begun: (run: Run) => void): Asking {
  const form = new Training(platform, path, begun);
  return new Asking({
    title: words.trainOn(PathExt.basename(path)),
    yes: words.trainNow,
    busy: words.sending,
    prepare: into => form.prepare(into),
    act: () => form.act(),
    dropped: () => form.drop()
  });
}

class Training {
  constructor(
    private readonly platform: Platform,
    private readonly path: string,
    private readonly begun: (run: Run) => void
  ) {}

  async prepare(into: HTMLElement): Promise<boolean> {
    const file = PathExt.basename(this.path);
    into.replaceChildren(make('p', 'gm-waiting', words.looking(file)));
    const dataset = (this.dataset = await this.platform.offer(this.path));
    if (this.isDropped) {
      this.drop();
      return false;
    }
    const table = dataset.profile.tables.find(each => each.role === 'train');
    const summary = table ? make('p', '', words.rows(table.rows, table.columns.length)) : null;
    this.proposal = dataset.proposal ?? null;
    if (!this.proposal) {
      into.replaceChildren(...[summary, make('p', '', words.noProposal), this.notices.node].filter(part => part !== null));
      this.show();
      return false;
    }
    this.budget = budgets(this.proposal.budget);
    this.name = text(dataset.name);
    const parts = [
      summary,
      this.asksTarget(dataset),
      field(words.budget, this.budget, this.budgetSaid),
      field(words.name, this.name),
      this.notices.node
    ];
    into.replaceChildren(...parts.filter(part => part !== null));
    this.show();
    return true;
  }

  async act(): Promise<void> {
    await this.proposing;
    const { dataset, proposal, budget, name } = this;
    if (!dataset || !proposal || !budget || !name) {
      return;
    }
    const asked = {
      dataset_id: dataset.id,
      task: proposal.task,
      target: proposal.target,
      metric: proposal.metric,
      budget: Number(budget.value),
      name: name.value.trim() || dataset.name,
      accepted: this.notices.accepted
    };
    // Pressed again after a lost answer, the same is not queued twice; something else is another question.
    const question = JSON.stringify(asked);
    if (question !== this.question) {
      this.question = question;
      this.key = `lab-${dataset.id}-${(this.tries += 1)}`;
    }
    this.begun(await this.platform.train(asked, this.key));
  }

  /** Nobody wants it: the dataset that was made of the file goes, too. */
  drop(): void {
    this.isDropped = true;
    if (this.dataset) {
      void this.platform.drop(this.dataset.id).catch(() => undefined);
    }
  }

  private asksTarget(dataset: Dataset): HTMLElement | null {
    const columns = dataset.profile.tables.find(each => each.role === 'train')?.columns ?? [];
    const proposed = this.proposal as Proposal;
    if (!proposed.target) {
      return this.targetSaid;
    }
    const likely = [proposed.target, ...(proposed.targets ?? [])];
    const names = [...new Set([...likely, ...columns.map(column => column.name)])];
    const target = select(
      names.map(name => [name, name]),
      proposed.target
    );
    target.addEventListener('change', () => {
      this.proposing = this.propose(dataset, target);
    });
    return field(words.target, target, this.targetSaid);
  }

  /** Ask anew; what was proposed before stays where that is refused. */
  private async propose(dataset: Dataset, target: HTMLSelectElement): Promise<void> {
    const wanted = target.value;
    try {
      const found = await this.platform.propose(dataset.id, wanted);
      if (target.value === wanted) {
        this.proposal = found;
        this.show();
      }
    } catch (error) {
      target.value = this.proposal?.target ?? wanted;
      this.targetSaid.textContent = sentence(error);
    }
  }

  private show(): void {
    const { proposal, dataset } = this;
    if (proposal) {
      const why = proposal.reasons.target ?? '';
      this.targetSaid.textContent = [words.answer(proposal.task), why].filter(part => part).join(' ');
      this.budgetSaid.textContent = proposal.reasons.budget ?? '';
    }
    this.notices.show([...(dataset?.profile.notices ?? []), ...(proposal?.notices ?? [])]);
  }

  private readonly targetSaid = make('p', 'gm-hint');
  private readonly budgetSaid = make('p', 'gm-hint');
  private readonly notices = new Notices();
  private dataset: Dataset | null = null;
  private proposal: Proposal | null = null;
  private proposing: Promise<void> = Promise.resolve();
  private budget: HTMLSelectElement | null = null;
  private name: HTMLInputElement | null = null;
  private question = '';
  private key = '';
  private tries = 0;
  private isDropped = false;
}
