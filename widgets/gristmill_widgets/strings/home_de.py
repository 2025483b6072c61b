"""What the pages beside the steps say: one's work, projects and their members, an installation, in German."""

from __future__ import annotations

from typing import ClassVar

__all__ = ["Home"]


class Home:
    """The pages that are not a step."""

    home_title = "Ihre Arbeit"
    home_running = "Läuft gerade"
    home_runs = "Läufe"
    home_models = "Modelle"
    home_data = "Ihre früheren Daten"
    home_used = "In diesem Monat verbraucht"
    all_files = "Alle Dateien"
    files_title = "Dateien"
    files_lead = "Was in Ihrem Speicher liegt."
    files_used = "Es belegt {size}."
    files_empty_title = "Noch ist nichts gespeichert"
    files_empty = "Dateien, die Sie bringen, werden hier aufbewahrt, bis Sie sie löschen."
    files_more = "Ältere zeigen"
    file_doubt = "„{name}“ endgültig löschen? Läufe und Modelle daraus bleiben."
    file_delete = "Löschen"
    file_keep = "Behalten"
    file_gone = "Gelöscht."
    delete_title = "Löschen"
    delete_lead = (
        "Das Modell allein braucht den meisten Platz. Mit dem Lauf gehen sein Modell, sein Bericht und sein Notebook."
    )
    delete_run = "Lauf löschen"
    delete_model = "Nur das Modell löschen"
    run_doubt = (
        "Den Lauf „{name}“ mit Modell, Bericht und Notebook endgültig löschen? Was er gekostet hat, bleibt gezählt."
    )
    run_doubt_bare = (
        "Den Lauf „{name}“ mit allem, was er hinterlassen hat, endgültig löschen? Was er gekostet hat, bleibt gezählt."
    )
    model_doubt = (
        "Das Modell „{name}“, Version {version}, endgültig löschen? Sein Lauf bleibt, mit Bericht und Notebook."
    )
    model_gone = "Das Modell dieses Laufs wurde gelöscht. Bewertung und Bericht sind noch da."
    download = "Herunterladen"
    search = "Suchen"
    none_found = "Nichts passt. Versuchen Sie es mit weniger Wörtern."
    project_lead = "Wer dabei ist, sieht alle Daten, Läufe und Modelle darin."
    project_work = "Was darin ist"
    project_members = "Mitglieder"
    members = "Mitglieder"
    memberships: ClassVar = {"owner": "darf alles", "editor": "darf trainieren und ändern", "viewer": "darf ansehen"}
    member_may = "Was {name} darf"
    member_remove = "Entfernen"
    member_name = "Jemanden mit Namen hinzufügen"
    member_add = "Hinzufügen"
    team = "Gruppe"
    invite_editor = "Einen Link zum Mitarbeiten machen"
    link_of = "Ein Link: {role}; gemacht {time}"
    link_withdraw = "Zurückziehen"
    admin_title = "Diese Installation"
    queue_title = "Jetzt"
    queue_empty = "Nichts läuft, und nichts wartet."
    queue_more = "{n} Läufe oder mehr warten."
    queue_doubt = "„{name}“ von {who} abbrechen? Was bisher gelernt wurde, bleibt."
    queue_keep = "Weiterlaufen lassen"
    workers_title = "Arbeiter"
    workers_none = (
        "Kein Arbeiter ist da: Was verlangt wird, wartet, bis einer kommt. Der Befehl „gristmill worker“ startet einen."
    )
    worker_alive = "am Leben"
    worker_silent = "still"
    worker_idle = "wartet auf Arbeit"
    worker_heard = "zuletzt gehört {time}"
    worker_since = "gestartet {time}"
    people_title = "Personen"
    people_lead = (
        "Wen die Plattform kennt, und was sie diesen Monat verbraucht haben. Wer herein darf, entscheidet der Hub."
    )
    people_hub = "Personen einladen oder entfernen"
    projects_of: ClassVar = ("besitzt {n}", "arbeitet in {n}", "sieht {n}")
    limit_of = "Grenzen"
    limit_person = "Was {name} verbrauchen darf"
    limit_team = "Was die Gruppe {name} zusammen verbrauchen darf"
    limit_own_lead: ClassVar = {
        "person": "Eigene Grenzen einer Person gelten anstelle der allgemeinen, und zwar alle.",
        "team": "Grenzen einer Gruppe gelten für ihre Mitglieder zusammen, neben den eigenen einer jeden.",
    }
    limit_change = "Ändern"
    limit_back = "Zurück zu den allgemeinen"
    limit_kind = "Eigene Grenzen für"
    limit_kinds: ClassVar = {"person": "eine Person", "team": "eine Gruppe"}
    limit_name = "Wer"
    limit_begin = "Ausfüllen"
    usage_empty = "Diesen Monat hat niemand etwas verbraucht."
    limit_title = "Was jede Person verbrauchen darf"
    limit_lead = "Leer heißt ohne Grenze. Kosten und GPU-Stunden gelten je Monat."
    limit_none = "ohne Grenze"
    limit_others = "Mit eigenen Grenzen"
    limit_drop = "Wegnehmen"
    limit_units: ClassVar = {
        "runs_at_once": "", "queued_runs": "", "gpu_hours": "Std.", "money": "", "storage": "GB", "largest_budget": "Std.",
    }  # fmt: skip
    save = "Speichern"
    deeds_title = "Wer was getan hat"
    deeds_who = "Was eine Person getan hat"
    col_person = "Wer"
    col_run = "Lauf"
    col_state = "Stand"
    col_since = "Seit"
    col_worker = "Arbeiter"
    col_projects = "Projekte"
    col_seen = "Zuletzt da"
    col_used = "Verbrauchte Zeit"
    col_when = "Wann"
    col_deed = "Tat"
    col_thing = "Woran"
    col_outcome = "Ausgang"
    col_from = "Von wo"
    all_projects = "Alle Projekte"
    project = "Projekt"
    of = "aus {name}"
    runs_empty_title = "Noch kein Lauf"
    runs_empty = "Ein Lauf sucht das beste Modell Ihrer Daten in der Zeit, die Sie ihm geben."
    models_empty = "Ein fertiger Lauf hinterlässt hier ein Modell."
    used_of = "{used} von {most}"
    limits: ClassVar = {
        "runs_at_once": "Läufe zugleich", "queued_runs": "Wartende Läufe", "gpu_hours": "GPU-Stunden", "money": "Kosten",
        "storage": "Speicher", "largest_budget": "Längster Lauf",
    }  # fmt: skip
    stages_of: ClassVar = {"candidate": "Kandidat", "production": "im Einsatz", "retired": "ausgemustert"}
    welcome_title = "Von der Datei zum Modell, das Sie fragen können"
    welcome_lead = "Bringen Sie eine Tabelle, Bilder oder Texte. Beantworten Sie zwei Fragen. Sehen Sie zu, wie ein Modell entsteht und wie gut es ist."
    welcome_go = "Daten mitbringen"
    welcome_steps: ClassVar = (
        ("Daten bringen", "Legen Sie eine Datei ab oder nehmen Sie ein Beispiel."),
        ("Fragen", "Sagen Sie, was Sie wissen möchten. Ein Vorschlag ist schon da."),
        ("Zusehen", "Geben Sie ein paar Minuten und sehen Sie, wer führt."),
        ("Die Antwort nutzen", "Probieren, Bericht lesen, Datei vorhersagen, Modell mitnehmen."),
    )
    compare_title = "Läufe nebeneinander"
    compare_lead = "Was gefragt war, worin sie sich unterscheiden, und welcher der beste ist."
    compare_with = "Vergleichen mit"
    compare_none = "Es gibt noch keinen anderen Lauf zum Vergleichen."
    not_comparable = "Sie beantworten verschiedene Fragen; ihre Ergebnisse bedeuten nicht dasselbe."
    best = "bester"
    differs = "anders"
