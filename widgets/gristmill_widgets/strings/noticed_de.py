"""What the platform notices in data, and why it refuses something, in German; see phrases.py."""

from __future__ import annotations

__all__ = ["NOTICED"]

# What intake finds.
_FOUND = (
    ("{n_} of {n_all} rows [repeats|repeat] an earlier one. If that is a mistake, the model will look better than it is, as "
     "it is tested on rows that it has seen before.",
     "{n_} von {n_all} Zeilen wiederholen eine frühere. Ist das ein Versehen, sieht das Modell besser aus, als es ist: Es "
     "wird an Zeilen geprüft, die es schon kennt."),
    ("Remove the repeats, unless they are different cases that happen to be alike.",
     "Nehmen Sie die Wiederholungen heraus, wenn es nicht verschiedene Fälle sind, die sich nur gleichen."),
    ("{names} only [tells|tell] the rows apart, which is of no help with new rows: [it is|they are] left out.",
     "{names}: unterscheidet nur die Zeilen und hilft bei neuen nicht, also weggelassen."),
    ("If that is wrong, name the columns to leave out yourself, with the setting ignore.",
     "Stimmt das nicht, nennen Sie selbst die Spalten, die wegbleiben sollen (Einstellung ignore)."),
    ("{names} [has|have] the same value in every row, which tells nothing: [it is|they are] left out.",
     "{names}: in jeder Zeile derselbe Wert, der nichts sagt, also weggelassen."),
    ("{names} [has|have] no value in any row: [it is|they are] left out.", "{names}: in keiner Zeile ein Wert, also weggelassen."),
    ("{names} is missing in {n_} of the rows. It is used for what it is worth.",
     "{names} fehlt in {n_} der Zeilen und wird genutzt, soweit es hilft."),
    ("{names} are missing in more than half of the rows. They are used for what they are worth.",
     "{names} fehlen in mehr als der Hälfte der Zeilen und werden genutzt, soweit sie helfen."),
    ("Some values are not what the rest of their column is, such as a word among numbers: {listed}. They count as missing.",
     "Manche Werte passen nicht zum Rest ihrer Spalte, etwa ein Wort unter Zahlen: {listed}. Sie gelten als fehlend."),
    ("Correct them if they matter.", "Berichtigen Sie sie, wenn es auf sie ankommt."),
    ("{names} [holds|hold] numbers, but for a few words such as '{word}' in '{name}', so that all are read as words.",
     "{names}: Zahlen bis auf ein paar Wörter wie „{word}“ in „{name}“; deshalb wird alles als Wort gelesen."),
    ("Correct those few, or leave them empty, and numbers will be numbers.",
     "Berichtigen Sie diese wenigen oder lassen Sie sie leer, dann sind Zahlen Zahlen."),
    ("The dates in {names} make sense with day and month exchanged, too; the {first} is taken to come first.",
     "Die Daten in {names} ergeben auch mit vertauschtem Tag und Monat Sinn; angenommen ist: zuerst der {first}."),
    ("If that is wrong, write them as 2024-12-31.", "Stimmt das nicht, schreiben Sie sie wie 2024-12-31."),
    ("{names} [holds|hold] free text; its words and phrases are used.", "{names}: freier Text; seine Wörter und Wendungen werden genutzt."),
    ("Not looked at: {names}.", "Nicht angesehen: {names}."),
    ("There is a test file, so the rows of {names} are trained on, too: validation rows are drawn from the rows to train on.",
     "Es gibt eine Testdatei, also wird auch mit den Zeilen von {names} trainiert."),
    ("{n_} files have the same columns and are read as one table: {names}.",
     "{n_} Dateien haben dieselben Spalten und werden als eine Tabelle gelesen: {names}."),
    ("The model is tested on the rows of {names}, and sees none of them while it learns.",
     "Geprüft wird das Modell an den Zeilen von {names}; beim Lernen sieht es keine davon."),
    ("Not used, as neither names nor columns say what for: {names}.",
     "Nicht benutzt, weil weder Namen noch Spalten sagen, wofür: {names}."),
    ("That '{name}' is what you want to predict is a guess, by little more than its place; it could as well be one of: {names}.",
     "Dass Sie „{name}“ vorhersagen wollen, ist fast nur nach dem Platz geraten; es könnte auch sein: {names}."),
    ("That '{name}' is what you want to predict is a guess, by little more than its place; it could as well be {names}.",
     "Dass Sie „{name}“ vorhersagen wollen, ist fast nur nach dem Platz geraten; es könnte auch {names} sein."),
    ("That '{name}' is what you want to predict is a guess; it could as well be one of: {names}.",
     "Dass Sie „{name}“ vorhersagen wollen, ist geraten; es könnte auch sein: {names}."),
    ("That '{name}' is what you want to predict is a guess; it could as well be {names}.",
     "Dass Sie „{name}“ vorhersagen wollen, ist geraten; es könnte auch {names} sein."),
    ("That '{name}' is what you want to predict is a guess, by little more than its place.",
     "Dass Sie „{name}“ vorhersagen wollen, ist fast nur nach dem Platz geraten."),
    ("Name the target if it is another.", "Wählen Sie eine andere Spalte, wenn es diese nicht ist."),
    ("'{name}' by itself tells '{target}' {almost} ({strength}). It may have been made from '{target}', or written down after "
     "it was known.",
     "„{name}“ allein verrät „{target}“ fast ganz ({strength}). Es könnte aus „{target}“ entstanden oder erst danach "
     "aufgeschrieben worden sein."),
    ("Whether '{name}' is filled in tells '{target}' almost by itself ({strength}). It may be filled in only after '{target}' "
     "is known.",
     "Schon ob „{name}“ ausgefüllt ist, verrät „{target}“ fast ganz ({strength}). Vielleicht wird es erst ausgefüllt, wenn "
     "„{target}“ bekannt ist."),
    ("{n_} of {n_all} rows [has|have] no value of '{name}': nothing can be learned from [it, so it is|them, so they are] left "
     "out.",
     "{n_} von {n_all} Zeilen haben keinen Wert für „{name}“: Aus ihnen ist nichts zu lernen, sie bleiben weg."),
    ("{file} has no value of '{name}' in any row: its rows can be predicted later, though they cannot tell how good the model "
     "is.",
     "{file} hat in keiner Zeile einen Wert für „{name}“: Die Zeilen lassen sich später vorhersagen, sagen aber nicht, wie gut "
     "das Modell ist."),
)  # fmt: skip

# What is noticed about the question.
_ASKED = (
    ("'{name}' {doubt}, and each is taken for a class of its own: mistaking a 2 for a 3 counts as just as wrong as mistaking "
     "it for a 9.",
     "„{name}“ {doubt}, und jede gilt als eigene Gruppe: Eine 2 für eine 3 zu halten, zählt so falsch wie für eine 9."),
    ("If the values are amounts, counts or points on a scale, choose the task tabular-regression.",
     "Sind es Mengen, Anzahlen oder Punkte auf einer Skala, wählen Sie „Wie viel?“."),
    ("'{name}' {doubt}, and is taken as a number: a 3 where a 2 is right counts as nearly right, and an answer may be a "
     "fraction.",
     "„{name}“ {doubt} und gilt als Zahl: Eine 3 statt einer 2 zählt als fast richtig, und Antworten können Nachkommastellen "
     "haben."),
    ("If each value stands for a class of its own, choose the task tabular-classification.",
     "Steht jeder Wert für eine eigene Gruppe, wählen Sie „Welche Gruppe?“."),
    ("has just two values", "hat nur zwei Werte"), ("holds numbers", "enthält Zahlen"),
    ("has only {n_} different values", "hat nur {n_} verschiedene Werte"),
    ("holds only {n_} different whole numbers ({low} to {high})", "enthält nur {n_} verschiedene ganze Zahlen ({low} bis {high})"),
    ("looks like a postal code, which names a place", "sieht nach Postleitzahlen aus, die Orte benennen"),
    ("looks like years ({low} to {high})", "sieht nach Jahren aus ({low} bis {high})"),
    ("reads like a rating ({low} to {high})", "liest sich wie eine Bewertung ({low} bis {high})"),
    ("'{name}' has {n_} classes; so many are slow to learn and hard to tell apart.",
     "„{name}“ hat {n_} Gruppen; so viele sind langsam zu lernen und schwer zu unterscheiden."),
    ("Group them into fewer if you can.", "Fassen Sie sie zusammen, wenn Sie können."),
    ("The commonest of {n_} classes, '{name}', has {n_share} of the {items}.",
     "Die häufigste von {n_} Gruppen, „{name}“, hat einen Anteil von {n_share}."),
    ("{n_most} of the {items} are '{name}' and {n_least} are '{other}'.", "{n_most} sind „{name}“, {n_least} sind „{other}“."),
    ("Each of the {n_} classes has about as many {items} as the others.", "Alle {n_} Gruppen sind etwa gleich groß."),
    ("Of {n_} classes the commonest, '{name}', has {n_most} of the {items}, and the rarest, '{other}', {n_least}.",
     "Von {n_} Gruppen hat die häufigste, „{name}“, {n_most} und die seltenste, „{other}“, {n_least}."),
    ("To answer '{name}' every time would be right that often, so accuracy alone says little.",
     "So oft läge richtig, wer immer „{name}“ sagt; der Anteil richtiger Antworten allein sagt also wenig."),
    ("A class of '{name}' has fewer than {n_} {items}, too few to learn from: {names}. Unless you say otherwise, its {more} "
     "are left out, and the model will never answer with it.",
     "Eine Gruppe von „{name}“ hat weniger als {n_} {items}, zu wenige zum Lernen: {names}. Wenn Sie nichts anderes sagen, "
     "bleibt sie weg, und das Modell wird sie nie antworten."),
    ("Some classes of '{name}' have fewer than {n_} {items}, too few to learn from: {names}. Unless you say otherwise, their "
     "{more} are left out, and the model will never answer with them.",
     "Manche Gruppen von „{name}“ haben weniger als {n_} {items}, zu wenige zum Lernen: {names}. Wenn Sie nichts anderes "
     "sagen, bleiben sie weg, und das Modell wird sie nie antworten."),
    ("Say yes to go on without them, merge them into one class (rare_classes=merge), keep them as they are "
     "(rare_classes=keep), or add {items}.",
     "Sagen Sie Ja, um ohne sie weiterzumachen, oder bringen Sie mehr davon ({items})."),
    ("Say yes to go on without them, or add {items}.", "Sagen Sie Ja, um ohne sie weiterzumachen, oder bringen Sie mehr davon ({items})."),
    ("{file} has classes of '{name}' that no row to train on has: {names}. No model could get them right, so these rows are "
     "not counted.",
     "{file} hat Gruppen von „{name}“, die in keiner Trainingszeile vorkommen: {names}. Kein Modell könnte sie treffen, also "
     "zählen diese Zeilen nicht."),
    ("Only {n_} {items} are '{name}': what is learned from so few, and what is measured on them, is hardly better than a "
     "guess.",
     "Nur {n_} {items} sind „{name}“: Was man aus so wenigen lernt und an ihnen misst, ist kaum besser als geraten."),
    ("Add {items} of '{name}' if you can.", "Bringen Sie mehr von „{name}“, wenn Sie können ({items})."),
    ("{n_} series of {span} in steps of {step}, up to {end}. The next {ahead} [is|are] forecast: {why}.",
     "{n_} Reihen, {span}, in Schritten von {step}, bis {end}. Vorhergesagt wird: {ahead}, {why}."),
    ("One series of {span} in steps of {step}, up to {end}. The next {ahead} [is|are] forecast: {why}.",
     "Eine Reihe, {span}, in Schritten von {step}, bis {end}. Vorhergesagt wird: {ahead}, {why}."),
    ("{n_low} to {n_high} values", "{n_low} bis {n_high} Werte"),
    ("as is usual", "wie es üblich ist"), ("about {words}, as is usual", "etwa {words}, wie es üblich ist"),
    ("as much as series of this length bear", "so viel, wie Reihen dieser Länge tragen"),
    ("as many as the last rows of each series tell of without a value of '{name}'",
     "so viele, wie die letzten Zeilen jeder Reihe ohne Wert für „{name}“ haben"),
    ("{n_} [step|steps] within the series ({n_share}) [has|have] no row: [it counts|they count] as unknown, not as zero.",
     "{n_} Schritte in den Reihen ({n_share}) haben keine Zeile: Sie gelten als unbekannt, nicht als null."),
    ("{n_} of {n_all} series [ends|end] before {end}: [it is|they are] forecast for the same dates as the others all the same, "
     "which is less sure the longer nothing has been known.",
     "{n_} von {n_all} Reihen enden vor {end}: Sie werden trotzdem für dieselben Tage vorhergesagt wie die anderen; das ist "
     "umso unsicherer, je länger nichts bekannt war."),
    ("Leave out series that are over.", "Lassen Sie Reihen weg, die zu Ende sind."),
    ("If nothing happened there, give them as rows with 0.", "Ist dort nichts geschehen, geben Sie sie als Zeilen mit 0."),
    ("The moments in '{name}' are not quite evenly spaced: they are brought onto steps of {step}, where rows within one step "
     "become their mean.",
     "Die Zeitpunkte in „{name}“ liegen nicht ganz gleichmäßig: Sie werden auf Schritte von {step} gebracht; Zeilen im selben "
     "Schritt werden gemittelt."),
    ("{names} [is|are] taken as known ahead: the rows tell {it} for {ahead} in which '{name}' has no value yet.",
     "{names}: gilt als im Voraus bekannt, denn die Zeilen nennen es auch dort, wo „{name}“ noch keinen Wert hat."),
    ("{names} [has|have] one value throughout each series, and so describe{rest}",
     "{names}: ein Wert für jede ganze Reihe, der sie also beschreibt."),
    ("Some series are shorter than {length}: they are forecast, though the score tells nothing of them.",
     "Manche Reihen sind kürzer als {length}: Sie werden vorhergesagt, aber die Güte sagt nichts über sie."),
    ("Fewer than {n_} boxes, and so hardly to be learned: {names}.", "Weniger als {n_} Rahmen und deshalb kaum zu lernen: {names}."),
    ("In fewer than {n_} pictures, and so hardly to be learned: {names}.", "In weniger als {n_} Bildern und deshalb kaum zu lernen: {names}."),
    ("Add pictures that show them.", "Bringen Sie mehr Bilder davon."), ("Add pictures, or take the folder out.", "Bringen Sie Bilder, oder nehmen Sie den Ordner heraus."),
    ("Boxes, read as {form}: {names}, {n_} a picture.", "Rahmen, gelesen als {form}: {names}; {n_} je Bild."),
    ("Boxes, read as {form}: {names}, {n_} a picture; {n_none} pictures have none.", "Rahmen, gelesen als {form}: {names}; {n_} je Bild; {n_none} Bilder haben keine."),
    ("Texts are judged by their words alone: no sentence encoder is installed to read what they mean.",
     "Texte werden nur nach ihren Wörtern beurteilt: Es ist nichts installiert, das ihren Sinn liest."),
    ("Training ran out of memory: only the candidates that need least of it are trained.",
     "Beim Training wurde der Speicher knapp: Es werden nur die sparsamsten Kandidaten trainiert."),
    ("Training would need about {n_need} GB of memory; {n_} GB are free: only the candidates that need least of it are "
     "trained.",
     "Das Training bräuchte etwa {n_need} GB Speicher, {n_} GB sind frei: Es werden nur die sparsamsten Kandidaten trainiert."),
    ("A machine with more memory would try [them all|all candidates].", "Eine Maschine mit mehr Speicher würde alle probieren."),
)  # fmt: skip

# Why something is refused, and what to do about it.
_REFUSED = (
    ("The upload holds no table.", "Darin ist keine Tabelle."), ("It holds no file.", "Es ist keine Datei darin."),
    ("{file} holds no table.", "In {file} ist keine Tabelle."), ("{file} holds no files", "In {file} sind keine Dateien"),
    ("Its one file is neither CSV, Parquet nor Excel.", "Die eine Datei darin ist weder CSV noch Parquet noch Excel."),
    ("Its {n_} files are neither CSV, Parquet nor Excel.", "Die {n_} Dateien darin sind weder CSV noch Parquet noch Excel."),
    ("Put a CSV, Parquet or Excel file with one row per case into it.", "Legen Sie eine CSV-, Parquet- oder Excel-Datei mit einer Zeile je Fall hinein."),
    ("Upload a ZIP of tables, or one CSV, Parquet or Excel file.", "Nehmen Sie ein ZIP mit Tabellen, oder eine CSV-, Parquet- oder Excel-Datei."),
    ("{file} is of an unknown format.", "{file} hat ein unbekanntes Format."), ("{file} is empty.", "{file} ist leer."),
    ("{file} is damaged at {member}.", "{file} ist beschädigt, bei {member}."), ("{file} is cut off or damaged.", "{file} ist abgeschnitten oder beschädigt."),
    ("Make the ZIP again, or upload it again.", "Packen Sie das ZIP neu, oder laden Sie es noch einmal hoch."), ("Make the ZIP again.", "Packen Sie das ZIP neu."),
    ("Make the ZIP again without a password.", "Packen Sie das ZIP neu, ohne Passwort."), ("{file} is encrypted.", "{file} ist verschlüsselt."),
    ("Upload it again.", "Laden Sie es noch einmal hoch."), ("Upload the file again.", "Laden Sie die Datei noch einmal hoch."),
    ("{file} has a single column, '{name}', so there is nothing to predict it from.", "{file} hat nur eine Spalte, „{name}“: Es gibt nichts, woraus man sie vorhersagen könnte."),
    ("Give at least one more column; if the file has more, check which sign sets them apart.",
     "Nehmen Sie mindestens eine Spalte dazu; hat die Datei mehr, prüfen Sie, welches Zeichen sie trennt."),
    ("{file} has {n_} [row|rows], too few to learn from and to test what was learned.", "{file} hat {n_} Zeilen, zu wenige, um daraus zu lernen und es zu prüfen."),
    ("Give at least {n_} rows; some hundreds are better.", "Geben Sie mindestens {n_} Zeilen; besser sind ein paar Hundert."),
    ("There are only {n_} pictures, too few to learn from and to test what was learned.", "Es sind nur {n_} Bilder, zu wenige, um daraus zu lernen und es zu prüfen."),
    ("Give at least {n_} pictures; some hundreds are better.", "Geben Sie mindestens {n_} Bilder; besser sind ein paar Hundert."),
    ("The archive's {n_} pictures lie in one folder, and nothing says what they are.", "Die {n_} Bilder liegen in einem Ordner, und nichts sagt, was sie sind."),
    ("Put the pictures of each class into a folder named as the class, or add a CSV with the columns path and label.",
     "Legen Sie die Bilder jeder Gruppe in einen Ordner mit deren Namen, oder eine CSV mit den Spalten path und label dazu."),
    ("{file} has no column '{name}'.", "{file} hat keine Spalte „{name}“."), ("Choose one of its columns as the target.", "Wählen Sie eine seiner Spalten."),
    ("No column of {file} lends itself to being predicted.", "In {file} eignet sich keine Spalte dafür, vorhergesagt zu werden."),
    ("They all only tell the rows apart, hold dates or free text, or are the same in every row.",
     "Alle unterscheiden nur die Zeilen, enthalten Daten oder freien Text, oder sind überall gleich."),
    ("The target '{name}' has no value in any row of {file}.", "„{name}“ hat in keiner Zeile von {file} einen Wert."),
    ("Fill it in, or choose another target.", "Füllen Sie sie aus, oder wählen Sie eine andere Spalte."),
    ("The target '{name}' of {file} holds dates, which cannot be predicted as they are.", "„{name}“ in {file} enthält Daten; so lassen sie sich nicht vorhersagen."),
    ("Turn them into a number, such as days until then, or choose another target.", "Machen Sie eine Zahl daraus, etwa die Tage bis dahin, oder wählen Sie eine andere Spalte."),
    ("The target '{name}' of {file} holds words, such as '{word}'.", "„{name}“ in {file} enthält Wörter, etwa „{word}“."),
    ("Choose the task tabular-classification, or another target.", "Wählen Sie „Welche Gruppe?“ oder eine andere Spalte."),
    ("The target '{name}' of {file} has {n_} classes in {n_all} {items}, fewer than two {same} a class.",
     "„{name}“ in {file} hat {n_} Gruppen auf {n_all} {items}: nicht einmal zwei je Gruppe."),
    ("Choose another target.", "Wählen Sie eine andere Spalte."), ("Choose another target, or the task tabular-regression, which predicts numbers.", "Wählen Sie eine andere Spalte, oder „Wie viel?“."),
    ("The target '{name}' of {file} has the same value in every {items}: '{word}'.", "„{name}“ ist in {file} überall gleich: „{word}“."),
    ("Only {n_} rows of {file} have a value of the target '{name}'; at least {n_least} are needed.",
     "Nur {n_} Zeilen von {file} haben einen Wert für „{name}“; nötig sind mindestens {n_least}."),
    ("No column of {file} tells the time.", "Keine Spalte von {file} sagt, wann etwas war."), ("Add a column of dates.", "Nehmen Sie eine Spalte mit Daten dazu."),
    ("'{name}' holds no numbers, so there is nothing to forecast.", "„{name}“ enthält keine Zahlen, es gibt also nichts vorherzusagen."),
    ("Choose a column of numbers, or another task.", "Wählen Sie eine Spalte mit Zahlen, oder eine andere Art von Antwort."),
    ("There is no {what} {id}.", "Das gibt es nicht (mehr): {id}."),
    ("The recipe stopped with an error.", "Das Rezept brach mit einem Fehler ab."),
    ("No model was finished before the run had to end.", "Bevor der Lauf enden musste, war kein Modell fertig."),
    ("The run had to end before a model could be saved; the candidates that were finished are kept.",
     "Der Lauf musste enden, bevor ein Modell gesichert war; was fertig war, ist aufgehoben."),
    ("The run was cancelled.", "Der Lauf wurde abgebrochen."), ("Training was cut short: {why}.", "Das Training wurde verkürzt: {why}."),
    ("its budget was about to end", "die Zeit war fast um"), ("it was asked to stop and keep the best model so far", "es sollte anhalten und das Beste behalten"),
    ("The run could not go on: the disk is full.", "Der Lauf konnte nicht weiter: Die Platte ist voll."),
    ("Something went wrong inside the worker.", "Im Arbeiter ging etwas schief."),
    ("A budget of {n_} seconds cannot be kept.", "{n_} Sekunden sind nicht einzuhalten."),
    ("Loading AutoGluon and saving a model take most of that.", "Laden und Sichern brauchen das meiste davon."), ("Give at least {n_} seconds.", "Geben Sie mindestens {n_} Sekunden."),
    ("A budget of {n_} days is more than a run may take.", "{n_} Tage sind mehr, als ein Lauf dauern darf."), ("Give at most 30 days.", "Geben Sie höchstens 30 Tage."),
    ("'{text}' is no length of time.", "„{text}“ ist keine Zeitdauer."), ("Write it as 90s, 10m or 1h30m.", "Schreiben Sie es wie 90s, 10m oder 1h30m."),
    ("A budget of {amount} is more than {whose} may give a run.", "{amount} sind mehr, als ein Lauf hier dauern darf."), ("The largest budget is {amount}.", "Höchstens sind es {amount}."),
    ("{who} may not do this.", "{who} darf das nicht."), ("{who} may not change this.", "{who} darf das nicht ändern."), ("Ask an owner of the project.", "Fragen Sie, wem das Projekt gehört."),
    ("{url} cannot be reached.", "{url} ist nicht zu erreichen."),
    ("Try again in a moment.", "Versuchen Sie es gleich noch einmal."), ("Try again.", "Versuchen Sie es noch einmal."), ("Ask again in a while.", "Fragen Sie später noch einmal."),
    ("The model {name} is answering others.", "Das Modell {name} antwortet gerade anderen."), ("All models that may be held open here are answering.", "Alle Modelle, die hier wach sein dürfen, antworten gerade."),
    ("Wait for an answer, then ask again.", "Warten Sie auf eine Antwort, dann fragen Sie weiter."), ("This host is being shut down.", "Diese Maschine wird gerade heruntergefahren."),
    ("It takes the power to {power}.", "Dazu fehlt das Recht: {power}."), ("Ask whoever runs this hub for the scope {scope}.", "Fragen Sie, wer diesen Hub betreibt, nach {scope}."),
)  # fmt: skip

# What lies in the bell.
_TOLD = (
    ("It took {n_} s.", "Es dauerte {n_} s."), ("It took {n_min} min {n_} s.", "Es dauerte {n_min} min {n_} s."),
    ("{run}: a model, {measure} {n_}", "{run}: ein Modell, {measure} {n_}"), ("{run}: {n_} rows answered", "{run}: {n_} Zeilen beantwortet"),
    ("{run}: a model, {measure} {n_}, though cut short", "{run}: ein Modell, {measure} {n_}, wenn auch vorzeitig beendet"),
    ("{run} failed: {why}", "{run} ist gescheitert: {why}"), ("no model", "kein Modell"),
    ("{who} shared {project} with you", "{who} teilt {project} mit Ihnen"),
    ("What would go beyond it is refused; an admin of this platform can raise the limit.", "Was darüber hinausginge, wird abgelehnt; wer hier verwaltet, kann mehr erlauben."),
)  # fmt: skip

NOTICED = (*_FOUND, *_ASKED, *_TOLD, *_REFUSED)
