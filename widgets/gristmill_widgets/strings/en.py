"""The wizard in English."""

from __future__ import annotations

from typing import ClassVar

__all__ = ["English"]


class English:
    """Every string; braces stand for what is put in."""

    language = "en"
    decimal, thousands = ".", ","
    percent = "{}%"
    date = "%Y-%m-%d"

    # what is around every page
    new = "New model"
    skip = "To the content"
    lost = "The connection is lost. What runs goes on; reload the page to come back to it."
    waits = "Gristmill’s service does not answer just now. Nothing is lost; this page keeps trying until it does."
    back = "Gristmill’s service answers again."
    close = "Close"
    reload = "Reload"
    steps: ClassVar = ("Data", "Question", "Time", "Training", "Answer")
    steps_label = "Steps"
    bell = "News"
    bell_label = "News"
    bell_unread = "News, {n} unread"
    bell_empty = "Nothing yet. When a run ends, it is told here."
    bell_read = "Mark all as read"
    settings = "Settings"
    settings_label = "{name}: settings"
    theme = "Look"
    theme_auto = "As the system"
    theme_light = "Light"
    theme_dark = "Dark"
    spoken = "Language"
    tell = "When a run ends, tell me"
    channels: ClassVar = {"bell": "in the bell", "mail": "by mail"}
    loading = "Loading …"
    fault = "Something went wrong inside Gristmill. Try again; if it stays so, tell whoever runs this installation."
    account = "Notebooks and password"
    sign_out = "Sign out"
    signed_out = "Your session has ended. Reload the page to sign in again; what runs goes on."
    try_again = "Try again"
    just_now = "just now"
    ago = "{time} ago"
    next = "Next"
    version = "version"

    items: ClassVar = {
        "row": ("row", "rows"),
        "picture": ("picture", "pictures"),
        "text": ("text", "texts"),
        "column": ("column", "columns"),
        "file": ("file", "files"),
    }

    # 1, data
    have_title = "What do you have?"
    have_lead = "A table, or a ZIP of tables, pictures or texts. It goes straight into your store, and nowhere else."
    have_hint = "ZIP, CSV, Excel or Parquet"
    have_looking = "Looking at {name} …"
    have_samples = "Try it with a sample"
    have_earlier = "Or go on with earlier data"
    have_none = "What you put in is kept here, so that you can come back to it."
    samples: ClassVar = {
        "flights": ("Flights from New York", "6,000 flights: which will be late?"),
        "penguins": ("Penguins", "344 penguins: which species is it?"),
        "bakeries": ("Bakeries", "Two years of sales: how many loaves tomorrow?"),
    }
    up_lead_data = "Drop a file here"
    up_lead_rows = "Drop a file with the same columns here"
    up_choose = "Choose a file"
    up_pause = "Pause"
    up_go = "Go on"
    up_drop = "Cancel"
    up_left = "{time} left"
    up_opening = "Preparing …"
    up_paused = "Paused"
    up_waiting = "The connection broke off; trying again"
    up_offline = "You are offline; it goes on when you are back"
    up_summing = "All there. Comparing it with your file …"
    up_checking = "All there. Looking at it …"
    up_before = "“{name}” was on its way. Choose the same file again: it goes on where it was."
    up_empty = "“{name}” is empty. Choose a file with something in it."
    up_kind = "“{name}” is neither a table nor a ZIP. Choose a ZIP, CSV, Excel or Parquet file."
    up_detour = "Your browser cannot reach the store itself, so the file goes through the hub, which takes longer."
    up_choose_folder = "or a folder"
    up_packing = "Packing {n} files …"
    up_many = "These are more than 65,000 files or 4 GB. Pack them into one ZIP and drop that."
    up_altered = "The file did not arrive as it was sent: something changed on its way. Choose it again."
    up_changed = "The file was changed or moved while it was sent. Choose it again."

    # 2, question
    glance_none = "This data is shown by its columns only: it is too large to be opened just to show some of it."
    want_title = "What do you want to know?"
    want_target = "Predict"
    want_likely = "Likely"
    want_others = "Other columns"
    want_task = "What kind of answer?"
    want_why = "Why this?"
    want_thinking = "Looking again …"
    want_again = "Now: {task} of {target}."
    want_notices = "Before you train"
    want_also = "Also worth knowing ({n})"
    judged_by = "Judged by"
    accept = "I know, go on all the same"
    reasons: ClassVar = {"target": "Column.", "task": "Answer.", "metric": "Judged by.", "order": "Order."}
    severities: ClassVar = {"info": "Note", "doubt": "Check", "warning": "Careful", "confirm": "Your yes is needed"}
    tasks: ClassVar = {
        "tabular-classification": ("Which group?", "Each row gets one of the groups that are in the column."),
        "tabular-regression": ("How much?", "Each row gets a number."),
        "time-series": ("What comes next?", "The numbers go on over time."),
        "text-classification": ("Which group of texts?", "Each text gets one of the groups."),
        "image-classification": ("What is in the picture?", "Each picture gets one of the groups."),
        "image-segmentation": ("Which pixels are what?", "Each pixel gets one of the groups."),
        "object-detection": ("Where are the things?", "Things in pictures get a name and a box around them."),
    }
    metrics: ClassVar = {
        "accuracy": ("share of right answers", "100% is always right."),
        "balanced_accuracy": ("share of right answers, each group counting the same", "100% is always right."),
        "roc_auc": (
            "ranking",
            "How often one of the group sought is ranked above one that is not: 1 is always, 0.5 is guessing.",
        ),
        "roc_auc_ovr_macro": (
            "ranking",
            "How often one of a group is ranked above all others: 1 is always, 0.5 is guessing.",
        ),
        "average_precision": ("purity at the top", "How few wrong ones stand among those ranked highest: 1 is none."),
        "f1": ("found and right", "Balances how many are found against how many of the found are right: 1 is best."),
        "f1_macro": ("found and right, each group counting the same", "1 is best."),
        "precision": ("right among the found", "100% is no false alarm."),
        "recall": ("found of those there are", "100% misses none."),
        "log_loss": ("how sure and right", "Being sure and wrong costs most: 0 is perfect."),
        "mcc": ("agreement", "1 is perfect, 0 is guessing."),
        "quadratic_kappa": ("agreement in order", "Far misses count more than near ones: 1 is perfect."),
        "root_mean_squared_error": (
            "typical error",
            "In the column’s own unit; large errors count more. 0 is perfect.",
        ),
        "mean_absolute_error": ("average error", "In the column’s own unit. 0 is perfect."),
        "median_absolute_error": ("middle error", "Half of all errors are smaller. 0 is perfect."),
        "mean_absolute_percentage_error": ("average error in percent", "0% is perfect."),
        "r2": ("share explained", "How much of the ups and downs is explained: 1 is all of it."),
        "spearmanr": ("same order", "1 is the same order throughout."),
        "MASE": ("error beside a simple guess", "Below 1 is better than repeating the last season."),
        "WQL": ("error of the whole range", "How far the range that is forecast lies from what came: 0 is perfect."),
        "WAPE": ("error in percent of the total", "0% is perfect."),
        "SMAPE": ("error in percent", "0% is perfect."),
        "RMSE": ("typical error", "In the column’s own unit; large errors count more. 0 is perfect."),
        "MAE": ("average error", "In the column’s own unit. 0 is perfect."),
        "mean_iou": ("overlap", "How well found and true areas cover each other: 100% is fully."),
        "dice": ("overlap, small areas too", "100% is fully."),
        "pixel_accuracy": ("share of right pixels", "100% is every one."),
        "map_50": ("boxes found, roughly placed", "How many things are found, half of the box right: 100% is all."),
        "map_75": ("boxes found, closely placed", "How many things are found, most of the box right: 100% is all."),
        "map": ("boxes found", "How many things are found, in the right place: 100% is all."),
    }
    # words of the trade: as the platform writes them, as they are called here, and what they mean
    terms_title = "What do these words mean?"
    terms: ClassVar = {
        "95% interval": (
            "95% interval",
            "Measured on other data of this kind, the score would lie within it 95 times in 100.",
        ),
        "ROC AUC": (
            "ROC AUC",
            "How often one of the group sought is ranked above one that is not: 1 is always, 0.5 is guessing.",
        ),
        "balanced accuracy": (
            "balanced accuracy",
            "The share of right answers, each group counting the same, however rare it is.",
        ),
        "accuracy": ("accuracy", "The share of right answers."),
        "log loss": (
            "log loss",
            "How far the probabilities are from the truth. Being sure and wrong costs most; 0 is perfect.",
        ),
        "F1": ("F1", "Balances how many of those sought are found against how many of the found are right; 1 is best."),
        "average precision": ("average precision", "How few wrong ones stand among those ranked highest; 1 is none."),
        "precision": ("precision", "Of those said to be of the group sought, the share that is."),
        "recall": ("recall", "Of those that are of the group sought, the share that is found."),
        "Matthews correlation": (
            "Matthews correlation",
            "How well answers and truth go together; 1 is perfectly, 0 is guessing.",
        ),
        "quadratic kappa": ("quadratic kappa", "Agreement with the truth, far misses counting more; 1 is perfect."),
        "RMSE": ("RMSE", "The typical size of an error, in the column’s own unit; large errors count more."),
        "MAE": ("MAE", "By how much an answer is off on average, in the column’s own unit."),
        "median error": ("median error", "Half of all errors are smaller than this."),
        "R²": ("R²", "The share of the ups and downs that is explained; 1 is all of it."),
        "Spearman's rank correlation": (
            "Spearman's rank correlation",
            "How well the answers put the rows in order; 1 is perfectly.",
        ),
        "MASE": ("MASE", "The error, measured by that of repeating the last season; below 1 is better."),
        "WQL": ("WQL", "How far the range that is forecast lies from what came; 0 is perfect."),
        "MAPE": ("MAPE", "By how many percent an answer is off on average."),
        "WAPE": ("WAPE", "All errors together, as a share of all values together."),
        "SMAPE": ("SMAPE", "The error in percent of forecast and truth; 0% is perfect."),
        "mAP": ("mAP", "How many of the things are found, and how well their boxes fit; 1 is perfect."),
        "IoU": ("IoU", "By how much found and true areas cover each other; 1 is fully."),
        "Dice": ("Dice", "By how much found and true areas cover each other, kinder to small ones; 1 is fully."),
        "validation": ("validation", "Data that was set aside while learning, to see which candidate does best."),
        "ensemble": ("ensemble", "Several models that answer together, each with its weight."),
        "fold": ("fold", "One of several parts of the data; each in turn is left out of learning and tested on."),
        "epoch": ("epoch", "One pass through all of the training data."),
        "hyperparameter": ("hyperparameter", "A setting of how a model learns, which it does not learn by itself."),
        "overfitting": ("overfitting", "Learning the training data by heart instead of what holds for new data, too."),
    }
    in_percent: ClassVar = frozenset({
        "accuracy", "balanced_accuracy", "pixel_accuracy", "precision", "recall", "mean_absolute_percentage_error", "WAPE", "SMAPE",
        "mean_iou", "dice", "map", "map_50", "map_75",
    })  # fmt: skip
    lower_is_better: ClassVar = frozenset({
        "log_loss", "root_mean_squared_error", "mean_absolute_error", "median_absolute_error",
        "mean_absolute_percentage_error", "MASE", "WQL", "WAPE", "SMAPE", "RMSE", "MAE",
    })  # fmt: skip
    data_title = "Your data"
    is_target = "to be predicted"
    missing = "{share} missing"
    distinct = "{n} different values"
    more_values = "and {n} more"
    rows_title = "The first rows"
    rows_more = "Show {n} rows"
    no_value = "missing"
    sights_title = "Some of your pictures"
    sight_alt = "A picture of your data: {name}"
    series_title = "How “{name}” goes"
    series_label = "From {low} to {high}, between {first} and {last}"
    more_columns = "and {n} more columns"
    histogram_label = "How the numbers lie, from {low} to {high}"
    kinds: ClassVar = {
        "number": "number", "integer": "whole number", "yes/no": "yes or no", "category": "groups", "text": "text",
        "date": "date", "identifier": "name or number of its own", "picture": "picture", "boxes": "boxes",
        "constant": "always the same", "empty": "empty",
    }  # fmt: skip

    # 3, time
    time_title = "How long may it take?"
    time_lead = (
        "To predict “{target}”: more time lets more kinds of models be tried; you can stop early and keep the best."
    )
    lengths: ClassVar = {
        "quick": ("Quick look", "Is there anything to learn here? A first answer."),
        "solid": ("Solid", "Every kind of model has a try. Right for most."),
        "best": ("Best", "Time for large models and fine tuning. The last percent."),
    }
    time_own = "Your own"
    time_own_hint = "such as 20m or 2h"
    time_name = "Name of this run"
    train = "Train"
    train_hint = "You can close the page: the run goes on, and you are told when it is done."

    # 4, training
    watch_title = "Training"
    watch_target = "Learning to predict {target}"
    watch_queued = "Waiting for a free worker …"
    watch_waited = "{} so far"
    watch_left = "{} left"
    watch_finishing = "Finishing"
    watch_of = "of {time}"
    watch_clock = "Time used"
    watch_trying = "Trying: {model}"
    watch_keep = "Stop now and keep the best"
    watch_cancel = "Cancel"
    watch_keeping = "Stopping. The best so far is being saved …"
    watch_cancelling = "Cancelling …"
    watch_close = "You can close this page."
    watch_lost = "The platform does not answer just now. The run goes on; this page catches up by itself."
    stages: ClassVar = {
        "look": "Look at the data",
        "fit": "Try models",
        "compare": "Choose the best",
        "explain": "Explain it",
    }
    phases: ClassVar = {
        "fetch": "Getting the data",
        "load": "Opening the data",
        "look": "Looking at the data",
        "fit": "Trying models",
        "compare": "Testing on data that was held back",
        "save": "Saving the best",
        "explain": "Finding out what matters",
        "report": "Writing the report",
        "store": "Putting everything away",
        "predict": "Answering",
    }
    candidates: ClassVar = (
        ("WeightedEnsemble", "The best ones together"),
        ("LightGBM", "Boosted trees, fast"),
        ("CatBoost", "Boosted trees, for groups"),
        ("XGBoost", "Boosted trees, thorough"),
        ("RandomForest", "A forest of trees"),
        ("ExtraTrees", "A forest of random trees"),
        ("NeuralNet", "Neural network"),
        ("KNeighbors", "Nearest neighbours"),
        ("LinearModel", "Straight lines"),
        ("SeasonalNaive", "As last season"),
        ("Naive", "As the last value"),
        ("AutoETS", "Trend and season"),
        ("ETS", "Trend and season"),
        ("Theta", "Trend with a bend"),
        ("DirectTabular", "Trees over past values"),
        ("RecursiveTabular", "Trees, step by step"),
        ("TemporalFusion", "Neural network for series"),
        ("DeepAR", "Neural network for series"),
    )
    board = "Who leads"
    board_curve = "How the best score has changed"
    board_empty = "The first candidates are on their way."
    board_none = "No candidate was finished."
    board_chosen = "chosen"
    board_note = "The choice fell by validation; the test, on data that was held back, had no say in it."
    col_place = "#"
    col_candidate = "Candidate"
    col_time = "Learned in"
    col_test = "Test"
    col_validation = "Validation"
    col_size = "Size"
    col_score = "Score"
    col_state = "State"
    lower_better = "Lower is better."
    higher_better = "Higher is better."
    told = "What happens"
    told_empty = "Here you read along."
    told_try = "Trying: {model}"
    told_lead = "New leader: {model} ({score})"
    log = "Technical log"
    was_cancelled = "This run was cancelled. What it had learned is kept: with more time, it goes on from there."
    more_time = "Go on with more time"
    change = "Change the question"
    states: ClassVar = {
        "queued": "waiting", "running": "training", "succeeded": "done", "failed": "failed", "cancelled": "cancelled",
    }  # fmt: skip
    batch_running = "Answering the rows of your file …"
    batch_back = "Back to its model"
    batch_done = "Done: {rows} answered."
    get_predictions = "Download the predictions"
    asks = "Predictions for a file"

    # 5, answer
    answer_title = "{target}: the answer"
    no_verdict = "The model is there."
    salvaged = "The run was ended early; this is the best it had until then."
    fact_candidates = "candidates tried"
    fact_time = "of training"
    get_model = "Download the model"
    open_notebook = "Open its notebook"
    get_notebook = "Download its notebook"
    get_report = "Download the report"
    longer = "Train longer"
    share = "Copy link"
    copied = "Copied"
    fetching = "Fetching …"
    full = "Full screen"
    tabs: ClassVar = {
        "try": "Try it", "report": "Report", "file": "Predict a file", "board": "Candidates", "about": "How it was made",
    }  # fmt: skip
    report_loading = "Fetching the report …"
    try_title = "Try it"
    try_answer = "Its answer"
    try_lead: ClassVar = {
        "row": "Filled in is what is usual. Change something, and see what the model says about {target}.",
        "text": "Write or paste a text, and see what the model says about {target}.",
        "picture": "Choose a picture, and see what the model finds in it.",
        "series": "See how the series go on.",
    }
    try_more = "{n} more fields"
    try_blank = "(unknown)"
    try_picture = "Picture"
    try_ask = "Ask the model"
    try_forecast = "Show what comes next"
    try_asking = "Asking …"
    try_first = "The first answer takes a while, for the model is being woken."
    try_waking = "The model is being woken, so that it answers at once."
    try_none = "Ask, and the answer stands here."
    forecast_note = "The line is what the model expects. Four times out of five, the value lies within the band."
    forecast_more = "And {n} more series: “Predict a file” has them all."
    forecast_numbers = "As numbers"
    forecast_expected = "expected"
    forecast_low = "from"
    forecast_high = "to"
    try_mask = "A mask: which pixels are what"
    try_nothing = "Nothing was found."
    try_sure = "How sure it is"
    try_took = "Answered in {time}"
    try_cold = "The model was started anew for this answer, and will be for the next one: none can be kept awake here."
    try_moved = "What moved the answer"
    try_moved_by = "{name}: {value} (usual: {usual})"
    try_moved_class = "By how many percentage points “{answer}” would be less likely if only this value were the usual one. Values work together, so these need not add up."
    try_moved_number = "By how much the answer would be less if only this value were the usual one. Values work together, so these need not add up."
    try_moved_none = "Change a value, and here stands what it does to the answer."
    try_points = "{n} points"
    try_no_number = "“{name}” wants a number."
    try_large = "This picture is larger than 20 MB. Choose a smaller one."
    file_lead = "A file with the same columns as your data: each row gets its answer for {target}."
    file_hint = "CSV, Excel, Parquet, or a ZIP"
    file_series = "Forecast all series"
    about_task = "Question"
    about_target = "Predicts"
    about_data = "Data"
    about_model = "Model"
    about_stage = "State"
    about_budget = "Time given"
    about_recipe = "Recipe"
    about_run = "Run"
    compare = "Compare with others"
    share_title = "Share"
    share_lead = "Whoever follows a link becomes a member of this project. It works for seven days."
    invite = "Make a link to look"
    invited = "The link is made. It is shown this once: copy it now."
    invited_copy = "Copy the link"
    join_title = "You are invited"
    join_lead = "Somebody shares a project with you: its data, runs and models."
    join = "Join"

    # home
    home_title = "Your work"
    home_running = "Running now"
    home_runs = "Runs"
    home_models = "Models"
    home_data = "Data"
    home_used = "Used this month"
    all_files = "All files"
    files_title = "Files"
    files_lead = "What lies in your store."
    files_used = "It takes {size}."
    files_empty_title = "Nothing is stored yet"
    files_empty = "Files that you bring are kept here, until you delete them."
    files_more = "Show older ones"
    file_doubt = "Delete “{name}” for good? Runs and models made of it stay."
    file_delete = "Delete"
    file_keep = "Keep it"
    file_gone = "Deleted."
    delete_title = "Delete"
    delete_lead = "The model alone takes the most room. The run goes with its model, its report and its notebook."
    delete_run = "Delete the run"
    delete_model = "Delete the model only"
    run_doubt = (
        "Delete the run “{name}” for good, with its model, its report and its notebook? What it cost stays counted."
    )
    run_doubt_bare = "Delete the run “{name}” for good, with all that it has left? What it cost stays counted."
    model_doubt = "Delete the model “{name}”, version {version}, for good? Its run stays, with its report and notebook."
    model_gone = "The model of this run was deleted. Its scores and its report are still here."
    download = "Download"
    search = "Search"
    none_found = "Nothing fits. Try fewer words."
    project_lead = "Who is in it sees all of its data, runs and models."
    project_work = "What is in it"
    project_members = "Members"
    members = "Members"
    memberships: ClassVar = {"owner": "may do everything", "editor": "may train and change", "viewer": "may look"}
    member_may = "What {name} may do"
    member_remove = "Remove"
    member_name = "Add somebody by their name"
    member_add = "Add"
    team = "team"
    invite_editor = "Make a link to work along"
    link_of = "A link: {role}; made {time}"
    link_withdraw = "Withdraw"
    admin_title = "This installation"
    queue_title = "Now"
    queue_empty = "Nothing runs, and nothing waits."
    queue_more = "{n} runs or more are waiting."
    queue_doubt = "Cancel “{name}” of {who}? What it has learned so far is kept."
    queue_keep = "Let it go on"
    workers_title = "Workers"
    workers_none = (
        "No worker is there: what is asked for waits until one is. The command “gristmill worker” starts one."
    )
    worker_alive = "alive"
    worker_silent = "silent"
    worker_idle = "waits for work"
    worker_heard = "last heard of {time}"
    worker_since = "started {time}"
    people_title = "People"
    people_lead = "Whom the platform knows, and what they have used this month. Who may come in, the hub decides."
    people_hub = "Invite or remove people"
    projects_of: ClassVar = ("owns {n}", "works in {n}", "looks at {n}")
    limit_of = "Limits"
    limit_person = "What {name} may use"
    limit_team = "What the team {name} may use together"
    limit_own_lead: ClassVar = {
        "person": "A person's own limits stand in place of everybody's, all of them.",
        "team": "A team's limits hold for its members together, beside each one's own.",
    }
    limit_change = "Change"
    limit_back = "Back to everybody's"
    limit_kind = "Limits of their own for"
    limit_kinds: ClassVar = {"person": "one person", "team": "a team"}
    limit_name = "Who"
    limit_begin = "Fill in"
    usage_empty = "Nobody has used anything this month."
    limit_title = "What each person may use"
    limit_lead = "Left empty, there is no limit. Money and GPU hours are for a month."
    limit_none = "no limit"
    limit_others = "With limits of their own"
    limit_drop = "Take away"
    limit_units: ClassVar = {
        "runs_at_once": "", "queued_runs": "", "gpu_hours": "hours", "money": "", "storage": "GB", "largest_budget": "hours",
    }  # fmt: skip
    save = "Save"
    deeds_title = "Who did what"
    deeds_who = "What one person did"
    col_person = "Person"
    col_run = "Run"
    col_state = "State"
    col_since = "Since"
    col_worker = "Worker"
    col_projects = "Projects"
    col_seen = "Last seen"
    col_used = "Time used"
    col_when = "When"
    col_deed = "Did"
    col_thing = "To"
    col_outcome = "Outcome"
    col_from = "From"
    all_projects = "All projects"
    project = "Project"
    of = "of {name}"
    runs_empty_title = "No run yet"
    runs_empty = "A run looks for the best model of your data within the time that you give it."
    models_empty = "A run that is done leaves a model here."
    used_of = "{used} of {most}"
    limits: ClassVar = {
        "runs_at_once": "Runs at once", "queued_runs": "Waiting runs", "gpu_hours": "GPU hours", "money": "Cost",
        "storage": "Storage", "largest_budget": "Longest run",
    }  # fmt: skip
    stages_of: ClassVar = {"candidate": "candidate", "production": "in use", "retired": "retired"}
    welcome_title = "From a file to a model you can ask"
    welcome_lead = (
        "Bring a table, pictures or texts. Answer two questions. Watch a model being made, and see how good it is."
    )
    welcome_go = "Bring your data"
    welcome_steps: ClassVar = (
        ("Bring data", "Drop a file, or try a sample."),
        ("Ask", "Say what you want to know. A proposal is there already."),
        ("Watch", "Give it a few minutes, and see who leads."),
        ("Use the answer", "Try it, read the report, predict a file, take the model along."),
    )
    compare_title = "Runs side by side"
    compare_lead = "What they were asked, where they differ, and which did best."
    compare_with = "Compare with"
    compare_none = "There is no other run to compare with yet."
    not_comparable = "They answer different questions, so their scores do not mean the same."
    best = "best"
    differs = "differs"

    # what the platform says for a terminal, said for a page
    cures: ClassVar = {
        "over-limit": "Take less of it, or ask whoever runs this installation to allow more.",
        "not-confirmed": "Say yes to it above, or change the data.",
    }
    notice_cures: ClassVar = {"doubtful-target": "Choose another column above if it is not this one."}

    # what the wizard's service says around the page: title, sentence
    service_no_seat = (
        "A moment, please",
        "All places are taken just now. This page opens by itself as soon as one is free.",
    )
    service_own_seats = (
        "You have the wizard open elsewhere",
        "That is as many pages as one person may have. Close one of them, and this one opens by itself.",
    )
    service_not_ready = ("A moment, please", "Your page is being made. It opens by itself.")
    service_away = (
        "The hub does not answer",
        "Nothing of yours is lost. This page tries again by itself until it does.",
    )
    service_nowhere = ("There is nothing here", "The wizard is one page; this is not its address.")
    service_refused = ("You may not open this", "Sign in with an account that may use the wizard.")
    service_fault = (
        "Something went wrong here",
        "It is not your fault, and nothing of yours is lost. Please try again.",
    )
    service_signed_out = ("You are signed out", "Sign in again, and go on where you were.")
    service_over = (
        "This page is over",
        "It was closed on our side. All that you have started goes on, and you find it again where you were.",
    )
    service_platform_away = (
        "The platform does not answer just now",
        "Nothing of yours is lost. This page goes on by itself as soon as it does.",
    )
    service_lost = "The connection is lost. What runs goes on, and this page comes back by itself."
    service_go = "To the wizard"
    service_again = "Open it again"

    def browser(self) -> dict[str, str]:
        """What the browser says by itself."""
        names = [name for name in dir(English) if name.startswith("up_")]
        return {name: str(getattr(self, name)) for name in [*names, "skip", "lost", "waits", "reload"]}

    def retold(self, text: str) -> str:
        """What the platform says in English, as far as it can be said in this language."""
        return text

    def bell_of(self, unread: int) -> str:
        """What the bell is called."""
        return self.bell_unread.format(n=unread) if unread else self.bell_label

    def settings_of(self, name: str) -> str:
        """What the visitor's own button is called."""
        return self.settings_label.format(name=name) if name else self.settings
