"""What the platform says of models and data, in German; see phrases.py for how a phrase is read."""

from __future__ import annotations

from gristmill_widgets.strings.phrases import Manner

__all__ = ["MANNER", "SAID"]

MANNER = Manner(
    decimal=",", thousands=".", percent="{}\N{NO-BREAK SPACE}%", quotes=("„", "“"),
    words=((" and in ", " und in "), (" and ", " und "), (" more columns", " weiteren Spalten"), (" more", " weitere")),
)  # fmt: skip

_NOUNS = (
    ("row", "Zeile"), ("rows", "Zeilen"), ("picture", "Bild"), ("pictures", "Bilder"), ("text", "Text"), ("texts", "Texte"),
    ("value", "Wert"), ("values", "Werte"), ("{n_} row", "{n_} Zeile"), ("{n_} rows", "{n_} Zeilen"),
    ("{n_} picture", "{n_} Bild"), ("{n_} pictures", "{n_} Bilder"), ("{n_} value", "{n_} Wert"),
    ("{n_} values", "{n_} Werte"), ("{n_} file", "{n_} Datei"), ("{n_} files", "{n_} Dateien"),
    ("{n_} minutes", "{n_} Minuten"), ("{n_} hours", "{n_} Stunden"), ("{n_} days", "{n_} Tage"), ("{n_} day", "{n_} Tag"),
    ("{n_} weeks", "{n_} Wochen"), ("{n_} months", "{n_} Monate"), ("{n_} quarters", "{n_} Quartale"),
    ("{n_} years", "{n_} Jahre"), ("{n_} series", "{n_} Reihen"), ("one series", "eine Reihe"),
    ("day", "Tag"), ("week", "Woche"), ("month", "Monat"), ("quarter", "Quartal"), ("year", "Jahr"), ("hour", "Stunde"),
    ("an hour", "Stunde"), ("one day", "einem Tag"), ("one week", "einer Woche"), ("one month", "einem Monat"),
    ("one hour", "einer Stunde"), ("one year", "einem Jahr"), ("one quarter", "einem Quartal"),
    ("a date", "ein Datum"), ("a number", "eine Zahl"), ("small", "wenig"), ("of middling size", "mittelviel"),
    ("rather large", "recht viel"), ("large", "viel"), ("very large", "sehr viel"),
)  # fmt: skip

# A verdict: what the model does, the interval, and what needs no model.
_JUDGED = (
    ("The forecasts are {n_less} closer to what came than repeating the last season: {measure} {n_score} (95% interval "
     "{ends}), where repeating would score {n_base}.",
     "Die Vorhersagen liegen {n_less} näher an dem, was kam, als die letzte Saison zu wiederholen: {measure} {n_score} "
     "(95-%-Bereich {ends}); Wiederholen käme auf {n_base}."),
    ("The forecasts cannot be told from repeating the last season: {measure} {n_score} (95% interval {ends}), where "
     "repeating would score {n_base}.",
     "Die Vorhersagen sind davon, die letzte Saison zu wiederholen, nicht zu unterscheiden: {measure} {n_score} "
     "(95-%-Bereich {ends}); Wiederholen käme auf {n_base}."),
    ("The forecasts do worse than repeating the last season: {measure} {n_score} (95% interval {ends}), where repeating "
     "would score {n_base}.",
     "Die Vorhersagen sind schlechter, als die letzte Saison zu wiederholen: {measure} {n_score} (95-%-Bereich {ends}); "
     "Wiederholen käme auf {n_base}."),
    ("This model cannot be told from guessing: {what} ({measure}, 95% interval {ends}), where {naive} would score {n_base}.",
     "Dieses Modell ist von Raten nicht zu unterscheiden: {what} ({measure}, 95-%-Bereich {ends}); {naive} käme auf {n_base}."),
    ("This model cannot be told from guessing: {what} (95% interval {ends}), where {naive} would score {n_base}.",
     "Dieses Modell ist von Raten nicht zu unterscheiden: {what} (95-%-Bereich {ends}); {naive} käme auf {n_base}."),
    ("This model does worse than guessing: {what} ({measure}, 95% interval {ends}), where {naive} would score {n_base}.",
     "Dieses Modell ist schlechter als Raten: {what} ({measure}, 95-%-Bereich {ends}); {naive} käme auf {n_base}."),
    ("This model does worse than guessing: {what} (95% interval {ends}), where {naive} would score {n_base}.",
     "Dieses Modell ist schlechter als Raten: {what} (95-%-Bereich {ends}); {naive} käme auf {n_base}."),
    ("{what} ({measure}, 95% interval {ends}), where {naive} would score {n_base}.",
     "{what} ({measure}, 95-%-Bereich {ends}); {naive} käme auf {n_base}."),
    ("{what} (95% interval {ends}), where {naive} would score {n_base}.",
     "{what} (95-%-Bereich {ends}); {naive} käme auf {n_base}."),
    ("Nothing can be said of how good the model is: {measure} is not defined for the {held}.",
     "Wie gut das Modell ist, lässt sich nicht sagen: {measure} ist hier nicht bestimmt ({held})."),
    ("Nothing can be said of how good the forecasts are: {measure} is not defined for what came.",
     "Wie gut die Vorhersagen sind, lässt sich nicht sagen: {measure} ist für das, was kam, nicht bestimmt."),
    ("{n_} held-out rows", "{n_} zurückgehaltene Zeilen"), ("{n_} held-out row", "{n_} zurückgehaltene Zeile"),
    ("{n_} held-out pictures", "{n_} zurückgehaltene Bilder"), ("{n_} held-out texts", "{n_} zurückgehaltene Texte"),
    ("guessing", "Raten"), ("guessing by how common each class is", "Raten nach der Häufigkeit der Gruppen"),
    ("always answering the average, {n_},", "immer der Durchschnitt, {n_},"),
    ("always answering the median, {n_},", "immer der mittlere Wert, {n_},"),
    ("always answering the last value, {n_},", "immer der letzte Wert, {n_},"),
    ("always answering '{name}'", "immer „{name}“ zu antworten,"),
    ("calling everything '{name}'", "alles „{name}“ zu nennen"), ("the same box in every picture", "derselbe Rahmen in jedem Bild"),
)  # fmt: skip

# What each metric says; a verdict begins with it, or has it in its middle.
_MEASURED = (
    ("[T|t]he model gets {n_} of unseen {items} right", "Das Modell beantwortet {n_} neuer {items} richtig"),
    ("[T|t]he model finds {n_} of the {items} of a class, averaged over the classes",
     "Das Modell findet im Mittel {n_} jeder Gruppe"),
    ("[T|t]he model's probabilities have a log loss of {n_}", "Die Wahrscheinlichkeiten des Modells haben einen Log-Verlust von {n_}"),
    ("[T|t]he model reaches an F1 of {n_} for '{name}'", "Das Modell erreicht für „{name}“ ein F1 von {n_}"),
    ("[T|t]he model's F1 is {n_}, averaged over the classes", "Das F1 des Modells ist {n_}, gemittelt über die Gruppen"),
    ("[T|t]he model's F1 is {n_}, averaged over the {items}", "Das F1 des Modells ist {n_}, gemittelt über alle Fälle"),
    ("[W|w]hen the model says '{name}', it is right {n_} of the time", "Wenn das Modell „{name}“ sagt, stimmt es in {n_} der Fälle"),
    ("[T|t]he model finds {n_} of all '{name}'", "Das Modell findet {n_} aller „{name}“"),
    ("[T|t]he model's answers correlate {n_} with the truth", "Die Antworten des Modells stimmen zu {n_} mit der Wahrheit überein"),
    ("[S|s]hown one {item} that is '{name}' and one that is not, the model tells which is which {n_} of the time",
     "Von zwei Fällen, einer „{name}“ und einer nicht, erkennt das Modell in {n_} der Fälle, welcher welcher ist"),
    ("[S|s]hown one {item} of a class and one of another, the model tells which is which {n_} of the time",
     "Von zwei Fällen aus verschiedenen Gruppen erkennt das Modell in {n_} der Fälle, welcher welcher ist"),
    ("[T|t]he model's answers agree {n_} with the truth (quadratic kappa)",
     "Die Antworten des Modells stimmen, je näher je besser, zu {n_} mit der Wahrheit überein"),
    ("[T|t]he model's average precision in finding '{name}' is {n_}",
     "Die mittlere Genauigkeit des Modells beim Finden von „{name}“ ist {n_}"),
    ("[T|t]he model's typical error in '{name}' is {n_}", "Der typische Fehler des Modells bei „{name}“ ist {n_}"),
    ("[T|t]he mean squared error in '{name}' is {n_}", "Der mittlere quadratische Fehler bei „{name}“ ist {n_}"),
    ("[T|t]he model is off by {n_} in '{name}' on average", "Das Modell liegt bei „{name}“ im Mittel um {n_} daneben"),
    ("[H|h]alf of the model's answers for '{name}' are within {n_}", "Die Hälfte der Antworten für „{name}“ liegt höchstens {n_} daneben"),
    ("[T|t]he model is off by {n_} of '{name}' on average", "Das Modell liegt im Mittel um {n_} von „{name}“ daneben"),
    ("[T|t]he model explains {n_} of the variation in '{name}'", "Das Modell erklärt {n_} vom Auf und Ab von „{name}“"),
    ("[T|t]he model's order of the {items} correlates {n_} with their true order",
     "Die Reihenfolge des Modells stimmt zu {n_} mit der wahren überein"),
    ("[D|d]rawn and true areas overlap by {n_}, averaged over the classes", "Gezeichnete und wahre Flächen überdecken sich zu {n_}, gemittelt über die Gruppen"),
    ("[D|d]rawn and true areas agree by {n_} (Dice), averaged over the classes",
     "Gezeichnete und wahre Flächen stimmen zu {n_} überein (Dice), gemittelt über die Gruppen"),
    ("[T|t]he model gets the class of {n_} of the pixels right", "Das Modell trifft die Gruppe von {n_} der Bildpunkte"),
    ("[T|t]he model reaches a mean average precision of {n_}", "Das Modell findet die Dinge mit einer mittleren Genauigkeit von {n_}"),
    ("[T|t]he model reaches a mean average precision of {n_}, roughly placed",
     "Das Modell findet die Dinge mit einer mittleren Genauigkeit von {n_}, ungefähr am Ort"),
    ("[T|t]he model reaches a mean average precision of {n_}, well placed",
     "Das Modell findet die Dinge mit einer mittleren Genauigkeit von {n_}, genau am Ort"),
    ("[T|t]he forecasts' scaled error is {n_}", "Der Fehler der Vorhersagen, gemessen an der letzten Saison, ist {n_}"),
    ("[T|t]he forecasts' quantile loss is {n_}", "Der Fehler der ganzen Spanne ist {n_}"),
    ("[T|t]he forecasts are off by {n_} in all", "Die Vorhersagen liegen im Ganzen um {n_} daneben"),
    ("[T|t]he forecasts' typical error is {n_}", "Der typische Fehler der Vorhersagen ist {n_}"),
    ("[T|t]he forecasts are off by {n_} on average", "Die Vorhersagen liegen im Mittel um {n_} daneben"),
    ("[T|t]he model reaches {n_} in {measure}", "Das Modell erreicht {n_} ({measure})"),
    ("accuracy", "Anteil richtiger"), ("quadratic kappa", "quadratisches Kappa"),
    ("ROC AUC, each class against the rest", "ROC AUC, jede Gruppe gegen alle anderen"), ("balanced accuracy", "Anteil richtiger je Gruppe"), ("log loss", "Log-Verlust"),
    ("macro F1", "F1 je Gruppe"), ("precision", "Genauigkeit"), ("recall", "Trefferquote"), ("median error", "mittlerer Fehler"),
    ("Matthews correlation", "Matthews-Korrelation"), ("average precision", "mittlere Genauigkeit"),
    ("Spearman's rank correlation", "Rangkorrelation nach Spearman"), ("mean IoU", "mittlere Überdeckung"),
    ("pixel accuracy", "Anteil richtiger Bildpunkte"), 
    ("mAP at 0.5", "mAP bei 0,5"), ("mAP at 0.75", "mAP bei 0,75"),
)  # fmt: skip

# Why something was proposed.
_REASONS = (
    ("You chose it.", "Sie haben es gewählt."),
    ("'{name}' could be it, though neither its name nor its place says so.", "„{name}“ könnte es sein, auch wenn weder Name noch Platz dafür sprechen."),
    ("'{name}' {why} and {other}.", "„{name}“ {why} und {other}."), ("'{name}' {why}, {second} and {other}.", "„{name}“ {why}, {second} und {other}."),
    ("'{name}' is the last column.", "„{name}“ ist die letzte Spalte."), ("'{name}' is the first column.", "„{name}“ ist die erste Spalte."),
    ("'{name}' has a name that people give to what they want to predict.", "„{name}“ heißt so, wie man nennt, was man vorhersagen will."),
    ("'{name}' is something that people often want to predict.", "„{name}“ ist etwas, das man oft vorhersagen will."),
    ("'{name}' is missing from {file}, whose rows wait for a prediction.", "„{name}“ fehlt in {file}, dessen Zeilen auf eine Vorhersage warten."),
    ("is the last column", "ist die letzte Spalte"), ("is the first column", "ist die erste Spalte"),
    ("has a name that people give to what they want to predict", "heißt so, wie man nennt, was man vorhersagen will"),
    ("is something that people often want to predict", "ist etwas, das man oft vorhersagen will"),
    ("is missing from {file}, whose rows wait for a prediction", "fehlt in {file}, dessen Zeilen auf eine Vorhersage warten"),
    ("has no value in the last rows of each series, where other columns go on",
     "hat in den letzten Zeilen jeder Reihe keinen Wert, wo andere Spalten weitergehen"),
    ("'{name}' has just two values, so each row gets the one or the other.", "„{name}“ hat nur zwei Werte: Jede Zeile bekommt einen davon."),
    ("'{name}' holds words, {n_} different ones, so each row gets one of them.", "„{name}“ enthält {n_} verschiedene Wörter: Jede Zeile bekommt eines davon."),
    ("'{name}' holds numbers with fractions, so each row gets a number.", "„{name}“ enthält Zahlen mit Nachkommastellen: Jede Zeile bekommt eine Zahl."),
    ("'{name}' holds {n_} different whole numbers ({low} to {high}), so each row gets a number.",
     "„{name}“ enthält {n_} verschiedene ganze Zahlen ({low} bis {high}): Jede Zeile bekommt eine Zahl."),
    ("'{name}' holds only {n_} different whole numbers ({low} to {high}), so each row gets one of them as its class.",
     "„{name}“ enthält nur {n_} verschiedene ganze Zahlen ({low} bis {high}): Jede Zeile bekommt eine davon als Gruppe."),
    ("'{name}' is the only column of values.", "„{name}“ ist die einzige Spalte mit Werten."),
    ("{why} What there is to tell it from is text, in {names}.", "{why} Erkennen lässt es sich an Text, in {names}."),
    ("With two classes, ROC AUC tells how well the model ranks {items} of the one above those of the other, however many "
     "there are of each and wherever you later draw the line.",
     "Bei zwei Gruppen sagt die Rangfolge (ROC AUC), wie gut das Modell die eine über die andere stellt, gleich wie viele es "
     "von jeder gibt und wo Sie später die Grenze ziehen."),
    ("Some classes are much rarer than others: balanced accuracy counts each class the same, so that the rare ones cannot "
     "be ignored.",
     "Manche Gruppen sind viel seltener als andere: Hier zählt jede Gruppe gleich, damit die seltenen nicht untergehen."),
    ("The classes have similar numbers of {items}, so the plain share of right answers is fair to each of them.",
     "Die Gruppen sind ähnlich groß ({items}), also wird der einfache Anteil richtiger Antworten jeder gerecht."),
    ("The root mean squared error is the typical size of a miss in the unit of '{name}'; large misses count more, as they "
     "mostly hurt more. R², the share that is explained, is shown beside it.",
     "Es ist die typische Größe eines Fehlers in der Einheit von „{name}“; große Fehler zählen mehr, weil sie meist mehr "
     "schaden. R², der erklärte Anteil, steht daneben."),
    ("{n_rows} {items} of {n_columns} columns are {size}: {time} let every kind of model have a try; more time may improve "
     "the result a little.",
     "{n_rows} {items} mit {n_columns} Spalten sind {size}: In {time} kommt jede Art von Modell an die Reihe; mehr Zeit "
     "verbessert das Ergebnis vielleicht etwas."),
    ("{n_rows} {items} are {size}: {time} let every kind of model have a try; more time may improve the result a little.",
     "{n_rows} {items} sind {size}: In {time} kommt jede Art von Modell an die Reihe; mehr Zeit verbessert das Ergebnis "
     "vielleicht etwas."),
    ("The rows stand in the order of '{name}', so they seem to be events in time: the model is tested on the latest ones, "
     "as it will be used on later ones still.",
     "Die Zeilen stehen in der Reihenfolge von „{name}“, also wohl der Zeit nach: Geprüft wird das Modell an den spätesten, "
     "denn gebraucht wird es für noch spätere."),
    ("The rows stand in even steps of '{name}', {what} for each {whose}, so they are series that go on.",
     "Die Zeilen stehen in gleichen Abständen von „{name}“, {what} für jedes {whose}: Es sind Reihen, die weitergehen."),
    ("The rows stand in even steps of '{name}', {what}, so they are series that go on.",
     "Die Zeilen stehen in gleichen Abständen von „{name}“, {what}: Es sind Reihen, die weitergehen."),
    ("one row [a|an] {step}", "eine Zeile je {step}"), ("one row every {step}", "eine Zeile alle {step}"),
    ("The size of an error, measured by how much the series changes from one season to the next: below 1 is better than "
     "repeating the last season was on the history. It counts large and small series alike.",
     "Die Größe eines Fehlers, gemessen daran, wie sehr sich die Reihe von Saison zu Saison ändert: Unter 1 ist besser, als "
     "die letzte Saison zu wiederholen. Große und kleine Reihen zählen gleich."),
    ("The data is pictures, each of one class.", "Die Daten sind Bilder, jedes aus einer Gruppe."),
    ("The folders are named as the classes of the pictures in them.", "Die Ordner heißen wie die Gruppen der Bilder darin."),
    ("Each picture has a mask that says what its pixels are.", "Jedes Bild hat eine Maske, die sagt, was seine Bildpunkte sind."),
    ("Masks give every pixel a class, so a model can learn to draw them.", "Masken geben jedem Bildpunkt eine Gruppe; ein Modell kann lernen, sie zu zeichnen."),
    ("IoU compares drawn and true areas, and its mean counts each class the same: a model that calls everything background "
     "gets little for it.",
     "Verglichen werden gezeichnete und wahre Flächen, jede Gruppe zählt gleich: Alles Hintergrund zu nennen, bringt wenig."),
    ("Each picture has boxes that say what is where.", "Jedes Bild hat Rahmen, die sagen, was wo ist."),
    ("Boxes show where things are, so a model can learn to find them.", "Rahmen zeigen, wo Dinge sind; ein Modell kann lernen, sie zu finden."),
    ("mAP is what detectors are compared by: it asks for every thing, for no false ones, and for boxes that fit.",
     "Daran misst man, wer Dinge findet: Es zählt jedes Ding, kein falsches, und dass der Rahmen passt."),
)  # fmt: skip

SAID = (*_JUDGED, *_MEASURED, *_REASONS, *_NOUNS, ("{measure} {n_}", "{measure} {n_}"))
