"""The wizard in German."""

from __future__ import annotations

from typing import ClassVar

from gristmill_widgets.strings.en import English
from gristmill_widgets.strings.home_de import Home
from gristmill_widgets.strings.noticed_de import NOTICED
from gristmill_widgets.strings.phrases import Phrasebook
from gristmill_widgets.strings.said_de import MANNER, SAID
from gristmill_widgets.strings.trade_de import Trade

__all__ = ["German"]

_BOOK = Phrasebook((*SAID, *NOTICED), MANNER)


class German(Home, Trade, English):
    """Jeder Text."""

    language = "de"
    decimal, thousands = ",", "."
    percent = "{}\u00a0%"
    date = "%d.%m.%Y"

    new = "Neues Modell"
    skip = "Zum Inhalt"
    lost = "Die Verbindung ist verloren. Was läuft, läuft weiter; laden Sie die Seite neu, um zurückzukommen."
    waits = "Der Dienst von Gristmill antwortet gerade nicht. Nichts geht verloren; diese Seite versucht es weiter."
    back = "Der Dienst von Gristmill antwortet wieder."
    close = "Schließen"
    reload = "Neu laden"
    steps: ClassVar = ("Daten", "Frage", "Zeit", "Training", "Antwort")
    steps_label = "Schritte"
    bell = "Neues"
    bell_label = "Neuigkeiten"
    bell_unread = "Neuigkeiten, {n} ungelesen"
    bell_empty = "Noch nichts. Wenn ein Lauf endet, steht es hier."
    bell_read = "Alles als gelesen markieren"
    settings = "Einstellungen"
    settings_label = "{name}: Einstellungen"
    theme = "Aussehen"
    theme_auto = "Wie das System"
    theme_light = "Hell"
    theme_dark = "Dunkel"
    spoken = "Sprache"
    tell = "Wenn ein Lauf endet, sagen Sie es mir"
    channels: ClassVar = {"bell": "in der Glocke", "mail": "mit einer E-Mail"}
    loading = "Lädt …"
    fault = "In Gristmill ging etwas schief. Versuchen Sie es noch einmal; bleibt es so, sagen Sie der Betreiberin Bescheid."
    account = "Notebooks und Passwort"
    sign_out = "Abmelden"
    signed_out = "Ihre Sitzung ist abgelaufen. Laden Sie die Seite neu und melden Sie sich an; was läuft, läuft weiter."
    try_again = "Noch einmal"
    just_now = "gerade eben"
    ago = "vor {time}"
    next = "Weiter"
    version = "Fassung"

    items: ClassVar = {
        "row": ("Zeile", "Zeilen"),
        "picture": ("Bild", "Bilder"),
        "text": ("Text", "Texte"),
        "column": ("Spalte", "Spalten"),
        "file": ("Datei", "Dateien"),
    }

    have_title = "Was haben Sie?"
    have_lead = "Eine Tabelle, oder ein ZIP mit Tabellen, Bildern oder Texten. Es geht direkt in Ihren Speicher, sonst nirgendwohin."
    have_hint = "ZIP, CSV, Excel oder Parquet"
    have_looking = "{name} wird angesehen …"
    have_samples = "Mit einem Beispiel ausprobieren"
    have_earlier = "Oder mit früheren Daten weitermachen"
    have_none = "Was Sie hochladen, bleibt hier, damit Sie darauf zurückkommen können."
    samples: ClassVar = {
        "flights": ("Flüge ab New York", "6.000 Flüge: Welche verspäten sich?"),
        "penguins": ("Pinguine", "344 Pinguine: Welche Art ist es?"),
        "bakeries": ("Bäckereien", "Zwei Jahre Verkäufe: Wie viele Brote morgen?"),
    }
    up_lead_data = "Datei hier ablegen"
    up_lead_rows = "Datei mit denselben Spalten hier ablegen"
    up_choose = "Datei wählen"
    up_pause = "Anhalten"
    up_go = "Fortsetzen"
    up_drop = "Abbrechen"
    up_left = "noch {time}"
    up_opening = "Wird vorbereitet …"
    up_paused = "Angehalten"
    up_waiting = "Die Verbindung brach ab; neuer Versuch"
    up_offline = "Sie sind offline; es geht weiter, sobald Sie zurück sind"
    up_summing = "Alles da. Wird mit Ihrer Datei verglichen …"
    up_checking = "Alles da. Wird angesehen …"
    up_before = "„{name}“ war unterwegs. Wählen Sie dieselbe Datei noch einmal: Es geht dort weiter, wo es war."
    up_empty = "„{name}“ ist leer. Wählen Sie eine Datei mit Inhalt."
    up_kind = "„{name}“ ist weder eine Tabelle noch ein ZIP. Wählen Sie eine Datei als ZIP, CSV, Excel oder Parquet."
    up_detour = (
        "Ihr Browser erreicht den Speicher nicht selbst; die Datei geht über den Hub, was länger dauert. "
        "Hat das Projekt seinen Speicher eben erst bekommen, laden Sie die Seite neu."
    )
    up_choose_folder = "oder einen Ordner"
    up_packing = "{n} Dateien werden gepackt …"
    up_many = "Das sind mehr als 65.000 Dateien oder 4 GB. Packen Sie sie in ein ZIP und legen Sie dieses ab."
    up_altered = (
        "Die Datei kam nicht an, wie sie gesendet wurde: Unterwegs hat sich etwas geändert. Wählen Sie sie noch einmal."
    )
    up_changed = "Die Datei wurde beim Senden geändert oder verschoben. Wählen Sie sie noch einmal."

    glance_none = "Zu sehen sind nur die Spalten: Die Daten sind zu groß, um sie nur zum Anschauen zu öffnen."
    want_title = "Was möchten Sie wissen?"
    want_target = "Vorhersagen"
    want_likely = "Wahrscheinlich"
    want_others = "Andere Spalten"
    want_task = "Welche Art von Antwort?"
    want_why = "Warum das?"
    want_thinking = "Wird neu bedacht …"
    want_again = "Jetzt: {task} für {target}."
    want_notices = "Vor dem Training"
    want_also = "Auch gut zu wissen ({n})"
    judged_by = "Beurteilt nach"
    accept = "Ich weiß, trotzdem weiter"
    reasons: ClassVar = {"target": "Spalte.", "task": "Antwort.", "metric": "Maß.", "order": "Reihenfolge."}
    severities: ClassVar = {"info": "Hinweis", "doubt": "Prüfen", "warning": "Vorsicht", "confirm": "Ihr Ja ist nötig"}
    data_title = "Ihre Daten"
    is_target = "vorherzusagen"
    missing = "{share} fehlen"
    distinct = "{n} verschiedene Werte"
    more_values = "und {n} weitere"
    rows_title = "Die ersten Zeilen"
    rows_more = "{n} Zeilen zeigen"
    no_value = "fehlt"
    sights_title = "Einige Ihrer Bilder"
    sight_alt = "Ein Bild aus Ihren Daten: {name}"
    series_title = "Wie „{name}“ verläuft"
    series_label = "Von {low} bis {high}, zwischen {first} und {last}"
    more_columns = "und {n} weitere Spalten"
    histogram_label = "Wie die Zahlen liegen, von {low} bis {high}"
    kinds: ClassVar = {
        "number": "Zahl", "integer": "ganze Zahl", "yes/no": "ja oder nein", "category": "Gruppen", "text": "Text",
        "date": "Datum", "identifier": "eigener Name oder Nummer", "picture": "Bild", "boxes": "Rahmen",
        "constant": "immer gleich", "empty": "leer",
    }  # fmt: skip

    time_title = "Wie lange darf es dauern?"
    time_lead = "Um „{target}“ vorherzusagen: Mehr Zeit erlaubt mehr Arten von Modellen; Sie können früher anhalten und das Beste behalten."
    lengths: ClassVar = {
        "quick": ("Kurzer Blick", "Gibt es hier etwas zu lernen? Eine erste Antwort."),
        "solid": ("Solide", "Jede Art von Modell kommt an die Reihe. Meist das Richtige."),
        "best": ("Das Beste", "Zeit für große Modelle und Feinschliff. Das letzte Prozent."),
    }
    time_own = "Eigene Zeit"
    time_own_hint = "etwa 20m oder 2h"
    time_name = "Name dieses Laufs"
    train = "Trainieren"
    train_hint = "Sie können die Seite schließen: Der Lauf geht weiter, und Sie erfahren, wenn er fertig ist."

    watch_title = "Das Training"
    watch_target = "Lernt, {target} vorherzusagen"
    watch_queued = "Wartet auf einen freien Arbeiter …"
    watch_waited = "bisher {}"
    watch_left = "noch {}"
    watch_finishing = "Wird fertig"
    watch_of = "von {time}"
    watch_clock = "Verbrauchte Zeit"
    watch_trying = "Probiert: {model}"
    watch_keep = "Jetzt anhalten und das Beste behalten"
    watch_cancel = "Abbrechen"
    watch_keeping = "Hält an. Das Beste bis hierher wird gesichert …"
    watch_cancelling = "Bricht ab …"
    watch_close = "Sie können diese Seite schließen."
    watch_lost = "Die Plattform antwortet gerade nicht. Der Lauf geht weiter; diese Seite holt von selbst auf."
    stages: ClassVar = {
        "look": "Daten ansehen",
        "fit": "Modelle probieren",
        "compare": "Das beste wählen",
        "explain": "Es erklären",
    }
    phases: ClassVar = {
        "fetch": "Holt die Daten",
        "load": "Öffnet die Daten",
        "look": "Sieht die Daten an",
        "fit": "Probiert Modelle",
        "compare": "Prüft an zurückgehaltenen Daten",
        "save": "Sichert das Beste",
        "explain": "Findet heraus, worauf es ankommt",
        "report": "Schreibt den Bericht",
        "store": "Räumt alles weg",
        "predict": "Antwortet",
    }
    candidates: ClassVar = (
        ("WeightedEnsemble", "Die besten zusammen"),
        ("LightGBM", "Verstärkte Bäume, schnell"),
        ("CatBoost", "Verstärkte Bäume, für Gruppen"),
        ("XGBoost", "Verstärkte Bäume, gründlich"),
        ("RandomForest", "Ein Wald von Bäumen"),
        ("ExtraTrees", "Ein Wald zufälliger Bäume"),
        ("NeuralNet", "Neuronales Netz"),
        ("KNeighbors", "Nächste Nachbarn"),
        ("LinearModel", "Gerade Linien"),
        ("SeasonalNaive", "Wie letzte Saison"),
        ("Naive", "Wie der letzte Wert"),
        ("AutoETS", "Trend und Saison"),
        ("ETS", "Trend und Saison"),
        ("Theta", "Trend mit Knick"),
        ("DirectTabular", "Bäume über frühere Werte"),
        ("RecursiveTabular", "Bäume, Schritt für Schritt"),
        ("TemporalFusion", "Neuronales Netz für Reihen"),
        ("DeepAR", "Neuronales Netz für Reihen"),
    )
    board = "Wer führt"
    board_curve = "Wie sich das beste Ergebnis verändert hat"
    board_empty = "Die ersten Kandidaten sind unterwegs."
    board_none = "Kein Kandidat wurde fertig."
    board_chosen = "gewählt"
    board_note = "Gewählt wurde nach der Validierung; der Test an zurückgehaltenen Daten sprach dabei nicht mit."
    col_place = "Nr."
    col_candidate = "Kandidat"
    col_time = "Gelernt in"
    col_test = "Prüfung"
    col_validation = "Validierung"
    col_size = "Größe"
    col_score = "Ergebnis"
    col_state = "Stand"
    lower_better = "Weniger ist besser."
    higher_better = "Mehr ist besser."
    told = "Was geschieht"
    told_empty = "Hier lesen Sie mit."
    told_try = "Probiert: {model}"
    told_lead = "Neu vorn: {model} ({score})"
    log = "Technisches Protokoll"
    was_cancelled = "Dieser Lauf wurde abgebrochen. Was er gelernt hat, bleibt: Mit mehr Zeit geht er dort weiter."
    more_time = "Mit mehr Zeit weitermachen"
    change = "Die Frage ändern"
    states: ClassVar = {
        "queued": "wartet", "running": "trainiert", "succeeded": "fertig", "failed": "gescheitert", "cancelled": "abgebrochen",
    }  # fmt: skip
    batch_running = "Die Zeilen Ihrer Datei werden beantwortet …"
    batch_back = "Zurück zu seinem Modell"
    batch_done = "Fertig: {rows} beantwortet."
    get_predictions = "Vorhersagen herunterladen"
    asks = "Vorhersagen für eine Datei"

    answer_title = "{target}: die Antwort"
    no_verdict = "Das Modell ist da."
    salvaged = "Der Lauf wurde vorzeitig beendet; dies ist das Beste, was er bis dahin hatte."
    fact_candidates = "Kandidaten probiert"
    fact_time = "Training"
    get_model = "Modell herunterladen"
    open_notebook = "Notebook öffnen"
    get_notebook = "Notebook herunterladen"
    get_report = "Bericht herunterladen"
    longer = "Länger trainieren"
    share = "Link kopieren"
    copied = "Kopiert"
    fetching = "Wird geholt …"
    full = "Ganzer Bildschirm"
    tabs: ClassVar = {
        "try": "Ausprobieren", "report": "Bericht", "file": "Datei vorhersagen", "board": "Kandidaten",
        "about": "Wie es entstand",
    }  # fmt: skip
    report_loading = "Der Bericht wird geholt …"
    try_title = "Probieren Sie es aus"
    try_answer = "Seine Antwort"
    try_lead: ClassVar = {
        "row": "Eingetragen ist das Übliche. Ändern Sie etwas und sehen Sie, was das Modell zu {target} sagt.",
        "text": "Schreiben Sie einen Text oder fügen Sie einen ein, und sehen Sie, was das Modell zu {target} sagt.",
        "picture": "Wählen Sie ein Bild und sehen Sie, was das Modell darin findet.",
        "series": "Sehen Sie, wie die Reihen weitergehen.",
    }
    try_more = "{n} weitere Felder"
    try_blank = "(unbekannt)"
    try_picture = "Ein Bild"
    try_ask = "Das Modell fragen"
    try_forecast = "Zeigen, was als Nächstes kommt"
    try_asking = "Wird gefragt …"
    try_first = "Die erste Antwort dauert etwas, denn das Modell wird geweckt."
    try_waking = "Das Modell wird geweckt, damit es gleich antwortet."
    try_none = "Fragen Sie, dann steht die Antwort hier."
    forecast_note = (
        "Die Linie ist, was das Modell erwartet. In vier von fünf Fällen liegt der Wert innerhalb des Bandes."
    )
    forecast_more = "Und {n} weitere Reihen: „Datei vorhersagen“ gibt alle."
    forecast_numbers = "Als Zahlen"
    forecast_expected = "erwartet"
    forecast_low = "von"
    forecast_high = "bis"
    try_mask = "Eine Maske: welche Bildpunkte was sind"
    try_nothing = "Nichts wurde gefunden."
    try_sure = "Wie sicher es ist"
    try_took = "Beantwortet in {time}"
    try_cold = "Das Modell wurde für diese Antwort neu gestartet und wird es für die nächste wieder: Hier kann keines wach bleiben."
    try_moved = "Was die Antwort bewegt hat"
    try_moved_by = "{name}: {value} (üblich: {usual})"
    try_moved_class = "Um so viele Prozentpunkte wäre „{answer}“ unwahrscheinlicher, wenn nur dieser Wert der übliche wäre. Werte wirken zusammen; die Zahlen ergeben keine Summe."
    try_moved_number = "Um so viel wäre die Antwort kleiner, wenn nur dieser Wert der übliche wäre. Werte wirken zusammen; die Zahlen ergeben keine Summe."
    try_moved_none = "Ändern Sie einen Wert, dann steht hier, was er mit der Antwort macht."
    try_points = "{n} Punkte"
    try_no_number = "„{name}“ braucht eine Zahl."
    try_large = "Dieses Bild ist größer als 20 MB. Wählen Sie ein kleineres."
    file_lead = "Eine Datei mit denselben Spalten wie Ihre Daten: Jede Zeile bekommt ihre Antwort für {target}."
    file_hint = "CSV, Excel, Parquet oder ein ZIP"
    file_series = "Alle Reihen vorhersagen"
    about_task = "Gefragt war"
    about_target = "Sagt vorher"
    about_data = "Daten"
    about_model = "Modell"
    about_stage = "Stand"
    about_budget = "Gegebene Zeit"
    about_recipe = "Rezept"
    about_run = "Lauf"
    compare = "Mit anderen vergleichen"
    share_title = "Teilen"
    share_lead = "Wer einem Link folgt, wird Mitglied dieses Projekts. Er gilt sieben Tage."
    invite = "Einen Link zum Ansehen machen"
    invited = "Der Link ist gemacht. Er steht nur dieses eine Mal hier: Kopieren Sie ihn jetzt."
    invited_copy = "Den Link kopieren"
    join_title = "Sie sind eingeladen"
    join_lead = "Jemand teilt ein Projekt mit Ihnen: seine Daten, Läufe und Modelle."
    join = "Beitreten"

    cures: ClassVar = {
        "over-limit": "Nehmen Sie weniger davon, oder bitten Sie die Betreiberin, mehr zu erlauben.",
        "not-confirmed": "Sagen Sie oben Ja dazu, oder ändern Sie die Daten.",
    }
    notice_cures: ClassVar = {"doubtful-target": "Wählen Sie oben eine andere Spalte, wenn es nicht diese ist."}

    service_no_seat = (
        "Einen Moment, bitte",
        "Gerade sind alle Plätze belegt. Diese Seite öffnet sich von selbst, sobald einer frei ist.",
    )
    service_own_seats = (
        "Sie haben den Assistenten schon offen",
        "Mehr Seiten darf eine Person nicht haben. Schließen Sie eine davon, dann öffnet sich diese von selbst.",
    )
    service_not_ready = ("Einen Moment, bitte", "Ihre Seite wird vorbereitet. Sie öffnet sich von selbst.")
    service_away = (
        "Der Hub antwortet nicht",
        "Es geht nichts verloren. Diese Seite versucht es von selbst, bis er wieder antwortet.",
    )
    service_nowhere = ("Hier ist nichts", "Der Assistent ist eine einzige Seite; dies ist nicht ihre Adresse.")
    service_refused = (
        "Das dürfen Sie nicht öffnen",
        "Melden Sie sich mit einem Konto an, das den Assistenten nutzen darf.",
    )
    service_fault = (
        "Hier ist etwas schiefgegangen",
        "Es liegt nicht an Ihnen, und nichts geht verloren. Bitte versuchen Sie es noch einmal.",
    )
    service_signed_out = ("Sie sind abgemeldet", "Melden Sie sich wieder an, und machen Sie weiter, wo Sie waren.")
    service_over = (
        "Diese Seite ist zu Ende",
        "Sie wurde bei uns geschlossen. Was Sie begonnen haben, läuft weiter; Sie finden es wieder, wo Sie waren.",
    )
    service_platform_away = (
        "Die Plattform antwortet gerade nicht",
        "Es geht nichts verloren. Diese Seite macht von selbst weiter, sobald sie es tut.",
    )
    service_lost = "Die Verbindung ist verloren. Was läuft, läuft weiter, und diese Seite kommt von selbst zurück."
    service_go = "Zum Assistenten"
    service_again = "Wieder öffnen"

    def retold(self, text: str) -> str:
        return _BOOK.say(text)
