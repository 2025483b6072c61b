"""What the pages beside the steps say: one's work, projects and their members, an installation, in English."""

from __future__ import annotations

from typing import ClassVar

__all__ = ["Home"]


class Home:
    """The pages that are not a step."""

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
