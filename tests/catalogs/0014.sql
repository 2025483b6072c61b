-- Rows as the schema 0012 holds them, for the test that upgrades old catalogs. Never changed once 0012 is released.
INSERT INTO projects (id, name, created_at, owner, store_id) VALUES ('project-1', 'mill', 1.5, 'local', 'store-1');
INSERT INTO stores (id, created_at, project_id, url, who, updated_at, credentials) VALUES
  ('store-1', 1.5625, 'project-1', 's3://bucket/prefix', 'olga', 1.5625,
   'v1.bf395490e2bd.BE4DqXZocHKOGIouDi5zdq41p-R0hjAz50emFxEpKsXL9dniqGYaBRycdq7PAZwwyWYMPialEwCF');
INSERT INTO members (project_id, kind, name, membership, created_at) VALUES ('project-1', 'person', 'local', 'owner', 1.5);
INSERT INTO invitations (id, project_id, membership, digest, created_by, created_at, expires_at) VALUES
  ('invitation-1', 'project-1', 'viewer', 'ef', 'local', 1.75, 99.5);
INSERT INTO deeds (id, created_at, who, address, action, thing, project_id, outcome) VALUES
  ('deed-1', 1.875, 'local', '', 'project.make', 'project-1', 'project-1', 'done');
INSERT INTO answers (who, key, digest, created_at, status, headers, body) VALUES
  ('local', 'key-1', 'ab', 2.25, 201, '{"Location":"/uploads/upload-1"}', '{}');
INSERT INTO uploads
  (id, project_id, name, key, size, status, created_at, sha256, failure, token, part_size, expires_at,
   owner, store_id) VALUES
  ('upload-1', 'project-1', 'grain.csv', 'uploads/1', 10, 'accepted', 2.5, 'ab', NULL, 'token', 16777216, 99.5, 'olga',
   'store-1'),
  ('upload-2', 'project-1', 'junk.bin', 'uploads/2', 20, 'rejected', 2.75, NULL,
   '{"code":"binary","what":"It is not a table.","cause":"","cure":"Send a CSV."}', NULL, NULL, NULL, 'local', NULL);
INSERT INTO datasets
  (id, project_id, upload_id, name, version, key, filename, size, sha256, created_at, edited_from, proposal, profile, revision,
   store_id) VALUES
  ('dataset-1', 'project-1', 'upload-1', 'grain', 1, 'uploads/1', 'grain.csv', 10, 'ab', 3.5, NULL,
   '{"task":"tabular-classification","target":"flour","metric":"accuracy","budget":60.0,"reasons":{"task":"Two classes."}}',
   '{"tables":[{"path":"grain.csv","role":"train","form":{"format":"csv","delimiter":";"},"rows":3,"columns":[{"name":"flour","kind":"yes/no","dtype":"bool","rows":3,"top":[["yes",2],["no",1]]}]}],"files":1,"bytes":10}', NULL, 'store-1'),
  ('dataset-2', 'project-1', 'upload-1', 'grain', 2, 'uploads/1', 'grain.csv', 10, 'ab', 3.75, 'dataset-1', NULL,
   '{"tables":[],"files":1,"bytes":10}',
   '{"tables":[],"edits":[{"act":"drop","columns":["bran"]}]}', 'store-1');
INSERT INTO runs
  (id, project_id, dataset_id, name, recipe, task, target, metric, budget, seed, status, wanted, created_at, claimed_at,
   finished_at, fence, worker, lease_until, resumed_from, salvaged, score, model_id, accepted, seconds, failure,
   artifacts, settings, leaderboard, kind, upload_id, rows, price, gpus, store_id) VALUES
  ('run-1', 'project-1', 'dataset-1', 'first', 'tabular.ipynb', 'tabular-classification', 'flour', 'accuracy', 60.0, 7,
   'succeeded', 'finish', 4.5, 5.5, 9.5, 2, 'worker-1', NULL, NULL, true, 0.875, 'model-1', '["rare-classes"]',
   '{"fit":3.0,"total":4.0}', NULL, '[{"name":"report","key":"runs/1/report.html","size":3,"sha256":"ef"}]',
   '{"presets":"medium"}', '[{"model":"LightGBM","score":0.875}]', 'train', NULL, NULL, 0.0, 0, 'store-1'),
  ('run-2', 'project-1', 'dataset-1', 'second', 'tabular.ipynb', 'tabular-classification', 'flour', 'accuracy', 60.0, 0,
   'running', 'stop', 6.5, 7.5, NULL, 1, 'worker-2', 22.5, 'run-1', false, NULL, NULL, '[]', '{}', NULL, '[]', '{}',
   '[]', 'train', NULL, NULL, 0.5, 2, NULL),
  ('run-3', 'project-1', NULL, 'new', 'predict@1', 'tabular-classification', 'flour', 'accuracy', 60.0, 0, 'succeeded',
   'finish', 4.25, 4.75, 4.875, 1, 'worker-1', NULL, NULL, false, NULL, 'model-1', '[]', '{}', NULL, '[]', '{}', '[]',
   'batch', 'upload-1', 3, 0.0, 0, 'store-1');
INSERT INTO events (run_id, seq, at, kind, body) VALUES
  ('run-1', 1, 5.75, 'phase', '{"phase":"fit"}'),
  ('run-1', 2, 6.75, 'log', '{"line":"done"}');
INSERT INTO models
  (id, project_id, run_id, name, version, task, target, metric, score, stage, key, size, sha256, created_at, metrics,
   lineage, schema, store_id) VALUES
  ('model-1', 'project-1', 'run-1', 'flour', 1, 'tabular-classification', 'flour', 'accuracy', 0.875, 'candidate',
   'models/1.zip', 5, 'cd', 9.25, '{"accuracy":0.875}', '{"seed":7}', '{"columns":["flour"]}',
   'store-1');
INSERT INTO recipes (id, project_id, name, version, task, public, key, sha256, created_at, store_id) VALUES
  ('recipe-1', 'project-1', 'mine', 1, 'tabular-regression', true, 'recipes/recipe-1.ipynb', 'cd', 9.5, 'store-1');
INSERT INTO tidings (id, created_at, kind, who, thing, project_id, facts) VALUES
  ('tiding-1', 9.625, 'run-finished', 'local', 'run-1', 'project-1', '{"name":"first"}');
INSERT INTO news (id, created_at, who, kind, thing, project_id, bell, read_at, title, text, facts) VALUES
  ('news-1', 9.75, 'local', 'run-finished', 'run-1', 'project-1', true, NULL, 'first: a model', 'It is good.', '{}');
INSERT INTO deliveries (id, created_at, news_id, channel, address, attempts, next_at, sent_at, failure) VALUES
  ('delivery-1', 9.75, 'news-1', 'mail', 'olga@example.org', 1, 20.5, NULL,
   '{"code":"mail-failed","what":"The mail did not go.","cause":"","cure":""}');
INSERT INTO choices (who, mail, kinds) VALUES ('local', 'olga@example.org', '{"run-finished":["bell"]}');
INSERT INTO webhooks (id, created_at, who, project_id, url, kinds, secret) VALUES
  ('webhook-1', 9.875, 'local', 'project-1', 'https://example.org/hook', '["run-failed"]',
   'v1.bf395490e2bd.Q9L6LO66SrWsdbBIIyxhtVQzkI6ULl2BIpaQG3U-Fw_cBvWV');
INSERT INTO workers (name, started_at, seen_at) VALUES ('worker-1', 4.0, 9.5);
INSERT INTO limits (kind, name, runs_at_once, queued_runs, gpu_hours, money, storage, largest_budget) VALUES
  ('everybody', '', 2, NULL, NULL, 12.5, 1000000, 3600.0);
INSERT INTO nears (kind, name, "limit", month, most) VALUES ('team', 'millers', 'money', '2026-01', 12.5);
INSERT INTO teammates (person, team) VALUES ('olga', 'millers');
INSERT INTO usage (id, created_at, kind, name, project_id, month, runs, seconds, gpu_seconds, money, bytes) VALUES
  ('usage-1', 9.5, 'team', 'millers', 'project-1', '2026-01', 3, 5400.0, 10800.0, 1.5, 12);
INSERT INTO schedules
  (id, project_id, name, cron, zone, action, subject, source, catch_up, margin, created_at, next_at, last_at, paused,
   owner, teams, powers, settings) VALUES
  ('schedule-1', 'project-1', 'weekly', '0 6 * * 1', 'Europe/Berlin', 'retrain', 'run-1', '', 'once', 0.25, 9.5, 99.5,
   NULL, false, 'local', '["millers"]', '["deploy","train","use"]', '{}');
INSERT INTO ticks (schedule_id, at, claimed_at, run_id, comparison_id, by_hand, passed_over, outcome, said) VALUES
  ('schedule-1', 8.5, 9.0, 'run-2', 'run-9', false, 2, 'promoted', 'It is better.'),
  ('schedule-1', 9.5, 9.625, 'run-10', 'run-11', true, 0, NULL, '');
INSERT INTO abouts (project_id, name, description, tags, columns, notes, updated_at, updated_by) VALUES
  ('project-1', 'grain', 'Grain.', '["2024"]', '{"flour":"Ready or not."}',
   '[{"version":1,"who":"local","created_at":3.875,"text":"As it was harvested."}]', 3.875, 'local');
INSERT INTO schemas (project_id, rules, others, updated_at, updated_by) VALUES
  ('project-1', '[{"column":"flour","kind":"yes/no","allowed":["no","yes"]}]', true, 3.9375, 'local');
INSERT INTO papers (run_id, key, text) VALUES ('run-2', 'runs/run-2/recipe.ipynb', '{"cells":[]}');
INSERT INTO texts (digest, text) VALUES
  ('2b9d3a5f7c3a0b9e3d0e4f0a6f9b1c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b', '{"task":"-"}');
INSERT INTO papers (run_id, key, text, digest) VALUES
  ('run-2', 'runs/run-2/proposal.json', '',
   '2b9d3a5f7c3a0b9e3d0e4f0a6f9b1c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b');
INSERT INTO asked (owner, runs, money, gpu_seconds) VALUES ('local', 1, 0.0083333333333333333, 120.0);
