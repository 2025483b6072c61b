"""The wizard in English."""

from __future__ import annotations

from typing import ClassVar

from gristmill_widgets.strings.home_en import Home
from gristmill_widgets.strings.trade_en import Trade

__all__ = ["English"]


class English(Home, Trade):
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
    up_detour = (
        "Your browser cannot reach the store itself, so the file goes through the hub, which takes longer. "
        "If the project has got its store only now, reload the page."
    )
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
