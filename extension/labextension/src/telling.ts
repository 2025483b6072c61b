/** What a person is told in passing. JupyterLab shows no notification that does not say for how long. */

import { Notification } from '@jupyterlab/apputils';

const SHOWN = 5000; // milliseconds

export function tell(message: string): void {
  Notification.info(message, { autoClose: SHOWN });
}

export function tellDone(message: string): void {
  Notification.success(message, { autoClose: SHOWN });
}

/** It stays until it is closed. */
export function tellRefused(message: string): void {
  Notification.error(message, { autoClose: false });
}
