/**
 * What the page asks of the platform: the server extension's routes below `gristmill/`, as the person whose server
 * this is. Whatever is refused arrives as a `Refusal`, with the sentence and the cure that the platform gives.
 */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { words } from './words';

export type Status = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface Notice {
  code: string;
  message: string;
  severity: 'info' | 'doubt' | 'warning' | 'confirm';
  cure?: string;
}

export interface Proposal {
  task: string;
  target: string;
  metric: string;
  budget: number;
  reasons: Record<string, string>;
  notices?: Notice[];
  targets?: string[];
}

export interface Dataset {
  id: string;
  name: string;
  version: number;
  proposal?: Proposal | null;
  profile: {
    notices?: Notice[];
    item?: string;
    tables: { role: string; rows: number; columns: { name: string }[] }[];
  };
}

/** A dataset in a list: without its profile. */
export type Entry = Pick<Dataset, 'id' | 'name' | 'version'>;

export interface Run {
  id: string;
  name: string;
  kind: string;
  task: string;
  target: string;
  metric: string;
  budget: number;
  status: Status;
  wanted: 'finish' | 'stop' | 'cancel';
  claimed_at?: number | null;
  score?: number | null;
  salvaged?: boolean;
  failure?: { what: string; cause?: string; cure?: string } | null;
  artifacts?: { name: string }[];
}

export interface Event {
  seq: number;
  kind: string;
  body: { phase?: string; rows?: { model: string; score: number }[] | number };
}

/** What a run is asked to be; what is left out is proposed from the data. */
export interface Asked {
  dataset_id: string;
  task?: string;
  target?: string;
  metric?: string;
  budget?: number;
  name?: string;
  accepted?: string[];
}

/** What a notebook is sent back as. */
export interface Sent {
  path: string;
  as: 'run' | 'recipe';
  name?: string;
  budget?: number;
  dataset?: string;
  accept?: string[];
}

export class Refusal extends Error {
  constructor(
    what: string,
    readonly cause: string = '',
    readonly cure: string = ''
  ) {
    super([what, cause, cure].filter(part => part).join(' '));
  }
}

/** Whether nothing follows any more. */
export function isOver(run: Run): boolean {
  return run.status !== 'queued' && run.status !== 'running';
}

export class Platform {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  /** Where the page finds a path of the platform's API. */
  address(path: string): string {
    return URLExt.join(this.settings.baseUrl, 'gristmill/api', path);
  }

  /** A file of the person's becomes a dataset. */
  async offer(path: string): Promise<Dataset> {
    return this.ask('POST', 'gristmill/offer', { path });
  }

  async dataset(id: string): Promise<Dataset> {
    return this.ask('GET', `gristmill/api/datasets/${id}`);
  }

  async datasets(): Promise<Entry[]> {
    return (await this.ask<{ items: Entry[] }>('GET', 'gristmill/api/datasets')).items;
  }

  async drop(dataset: string): Promise<void> {
    await this.ask('DELETE', `gristmill/api/datasets/${dataset}`);
  }

  async propose(dataset: string, target: string): Promise<Proposal> {
    return this.ask('POST', `gristmill/api/datasets/${dataset}/proposal`, { target });
  }

  /** Queue a run; asked again under the same key, it is queued once. */
  async train(asked: Asked, key: string): Promise<Run> {
    return this.ask('POST', 'gristmill/api/runs', asked, { 'Idempotency-Key': key });
  }

  async runs(): Promise<Run[]> {
    return (await this.ask<{ items: Run[] }>('GET', 'gristmill/api/runs?limit=30')).items;
  }

  async events(run: string, after: number): Promise<Event[]> {
    return (await this.ask<{ items: Event[] }>('GET', `gristmill/api/runs/${run}/events?after=${after}`)).items;
  }

  async end(run: string, keep: boolean): Promise<Run> {
    return this.ask('POST', `gristmill/api/runs/${run}/cancel`, { keep });
  }

  /** A run's notebook, with its data, into the person's files. */
  async open(run: string): Promise<{ path: string }> {
    return this.ask('POST', 'gristmill/open', { run });
  }

  async send(sent: Sent): Promise<{ name: string }> {
    return this.ask('POST', 'gristmill/send', sent);
  }

  private async ask<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const init: RequestInit = { method, headers };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { ...headers, 'Content-Type': 'application/json' };
    }
    let answer: Response;
    try {
      answer = await ServerConnection.makeRequest(URLExt.join(this.settings.baseUrl, path), init, this.settings);
    } catch {
      throw new Refusal(words.away, '', words.tryAgain);
    }
    const told = await answer.json().catch(() => null);
    if (!answer.ok) {
      throw new Refusal(told?.title || words.refused(answer.status), told?.detail, told?.cure);
    }
    return told as T;
  }
}
