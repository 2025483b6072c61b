"""What tasks, metrics and words of the trade are called, in German."""

from __future__ import annotations

from typing import ClassVar

__all__ = ["Trade"]


class Trade:
    """Names of the platform's own, as people know them, and what they mean."""

    tasks: ClassVar = {
        "tabular-classification": ("Welche Gruppe?", "Jede Zeile bekommt eine der Gruppen aus der Spalte."),
        "tabular-regression": ("Wie viel?", "Jede Zeile bekommt eine Zahl."),
        "time-series": ("Was kommt als Nächstes?", "Die Zahlen gehen mit der Zeit weiter."),
        "text-classification": ("Welche Gruppe von Texten?", "Jeder Text bekommt eine der Gruppen."),
        "image-classification": ("Was ist auf dem Bild?", "Jedes Bild bekommt eine der Gruppen."),
        "image-segmentation": ("Welche Bildpunkte sind was?", "Jeder Bildpunkt bekommt eine der Gruppen."),
        "object-detection": ("Wo sind die Dinge?", "Dinge auf Bildern bekommen einen Namen und einen Rahmen."),
    }
    metrics: ClassVar = {
        "accuracy": ("Anteil richtiger Antworten", "100 % ist immer richtig."),
        "balanced_accuracy": ("Anteil richtiger Antworten, jede Gruppe zählt gleich", "100 % ist immer richtig."),
        "roc_auc": ("Rangfolge", "Wie oft ein Gesuchtes über einem anderen steht: 1 ist immer, 0,5 ist Raten."),
        "roc_auc_ovr_macro": (
            "Rangfolge",
            "Wie oft eines einer Gruppe über allen anderen steht: 1 ist immer, 0,5 ist Raten.",
        ),
        "average_precision": ("Reinheit an der Spitze", "Wie wenige Falsche unter den Höchsten stehen: 1 ist keines."),
        "f1": (
            "gefunden und richtig",
            "Wägt ab, wie viele gefunden und wie viele davon richtig sind: 1 ist das Beste.",
        ),
        "f1_macro": ("gefunden und richtig, jede Gruppe zählt gleich", "1 ist das Beste."),
        "precision": ("richtig unter den Gefundenen", "100 % ist kein falscher Alarm."),
        "recall": ("gefunden von allen", "100 % verpasst keines."),
        "log_loss": ("sicher und richtig", "Sicher und falsch kostet am meisten: 0 ist vollkommen."),
        "mcc": ("Übereinstimmung", "1 ist vollkommen, 0 ist Raten."),
        "quadratic_kappa": ("Übereinstimmung der Reihenfolge", "Weit daneben zählt mehr als knapp: 1 ist vollkommen."),
        "root_mean_squared_error": (
            "typischer Fehler",
            "In der Einheit der Spalte; große Fehler zählen mehr. 0 ist vollkommen.",
        ),
        "mean_absolute_error": ("mittlerer Fehler", "In der Einheit der Spalte. 0 ist vollkommen."),
        "median_absolute_error": ("Fehler in der Mitte", "Die Hälfte aller Fehler ist kleiner. 0 ist vollkommen."),
        "mean_absolute_percentage_error": ("mittlerer Fehler in Prozent", "0 % ist vollkommen."),
        "r2": ("erklärter Anteil", "Wie viel vom Auf und Ab erklärt ist: 1 ist alles."),
        "spearmanr": ("gleiche Reihenfolge", "1 ist durchweg dieselbe."),
        "MASE": ("Fehler gegen einfaches Raten", "Unter 1 ist besser als die letzte Saison zu wiederholen."),
        "WQL": ("Fehler der ganzen Spanne", "Wie weit die vorhergesagte Spanne daneben liegt: 0 ist vollkommen."),
        "WAPE": ("Fehler in Prozent der Summe", "0 % ist vollkommen."),
        "SMAPE": ("Fehler in Prozent", "0 % ist vollkommen."),
        "RMSE": ("typischer Fehler", "In der Einheit der Spalte; große Fehler zählen mehr. 0 ist vollkommen."),
        "MAE": ("mittlerer Fehler", "In der Einheit der Spalte. 0 ist vollkommen."),
        "mean_iou": ("Überdeckung", "Wie gut gefundene und wahre Flächen sich decken: 100 % ist ganz."),
        "dice": ("Überdeckung, auch kleiner Flächen", "100 % ist ganz."),
        "pixel_accuracy": ("Anteil richtiger Bildpunkte", "100 % ist jeder."),
        "map_50": (
            "gefundene Rahmen, ungefähr",
            "Wie viele Dinge gefunden sind, der Rahmen halb richtig: 100 % ist alle.",
        ),
        "map_75": (
            "gefundene Rahmen, genau",
            "Wie viele Dinge gefunden sind, der Rahmen fast ganz richtig: 100 % ist alle.",
        ),
        "map": ("gefundene Rahmen", "Wie viele Dinge am richtigen Ort gefunden sind: 100 % ist alle."),
    }
    terms_title = "Was bedeuten diese Wörter?"
    terms: ClassVar = {
        "95% interval": (
            "95-%-Bereich",
            "An anderen Daten dieser Art gemessen, läge das Ergebnis in 95 von 100 Fällen darin.",
        ),
        "ROC AUC": ("ROC AUC", "Wie oft ein Gesuchtes über einem anderen steht: 1 ist immer, 0,5 ist Raten."),
        "balanced accuracy": (
            "Anteil richtiger je Gruppe",
            "Der Anteil richtiger Antworten; jede Gruppe zählt gleich, wie selten sie auch ist.",
        ),
        "accuracy": ("Anteil richtiger", "Wie viele der Antworten richtig sind."),
        "log loss": (
            "Log-Verlust",
            "Wie weit die Wahrscheinlichkeiten von der Wahrheit sind. Sicher und falsch kostet am meisten; 0 ist vollkommen.",
        ),
        "F1": ("F1", "Wägt ab, wie viele Gesuchte gefunden und wie viele Gefundene richtig sind; 1 ist das Beste."),
        "average precision": ("mittlere Genauigkeit", "Wie wenige Falsche unter den Höchsten stehen; 1 ist keines."),
        "precision": ("Genauigkeit", "Wie viele der Genannten wirklich zur gesuchten Gruppe gehören."),
        "recall": ("Trefferquote", "Wie viele der gesuchten Gruppe gefunden sind."),
        "Matthews correlation": (
            "Matthews-Korrelation",
            "Wie gut Antworten und Wahrheit zusammenpassen; 1 ist ganz, 0 ist Raten.",
        ),
        "quadratic kappa": (
            "quadratisches Kappa",
            "Übereinstimmung mit der Wahrheit; weit daneben zählt mehr; 1 ist vollkommen.",
        ),
        "RMSE": ("RMSE", "Die typische Größe eines Fehlers, in der Einheit der Spalte; große Fehler zählen mehr."),
        "MAE": ("MAE", "Um wie viel eine Antwort im Mittel daneben liegt, in der Einheit der Spalte."),
        "median error": ("mittlerer Fehler", "Die Hälfte aller Fehler ist kleiner."),
        "R²": ("R²", "Der Anteil vom Auf und Ab, der erklärt ist; 1 ist alles."),
        "Spearman's rank correlation": (
            "Rangkorrelation nach Spearman",
            "Wie gut die Antworten die Zeilen ordnen; 1 ist vollkommen.",
        ),
        "MASE": ("MASE", "Der Fehler, gemessen an dem, die letzte Saison zu wiederholen; unter 1 ist besser."),
        "WQL": ("WQL", "Wie weit die vorhergesagte Spanne von dem liegt, was kam; 0 ist vollkommen."),
        "MAPE": ("MAPE", "Um wie viel Prozent eine Antwort im Mittel daneben liegt."),
        "WAPE": ("WAPE", "Alle Fehler zusammen, als Anteil aller Werte zusammen."),
        "SMAPE": ("SMAPE", "Der Fehler in Prozent von Vorhersage und Wahrheit; 0 % ist vollkommen."),
        "mAP": ("mAP", "Wie viele Dinge gefunden sind und wie gut ihre Rahmen passen; 1 ist vollkommen."),
        "IoU": ("IoU", "Wie sehr gefundene und wahre Flächen sich decken; 1 ist ganz."),
        "Dice": ("Dice", "Wie sehr gefundene und wahre Flächen sich decken, milder zu kleinen; 1 ist ganz."),
        "validation": (
            "Validierung",
            "Daten, die beim Lernen beiseite lagen und nach denen der beste Kandidat gewählt wird.",
        ),
        "ensemble": ("Ensemble", "Mehrere Modelle, die zusammen antworten, jedes mit seinem Gewicht."),
        "fold": (
            "Fold",
            "Einer von mehreren Teilen der Daten; jeder bleibt einmal beim Lernen weg und dient zur Prüfung.",
        ),
        "epoch": ("Epoche", "Ein Durchgang durch alle Trainingsdaten."),
        "hyperparameter": ("Hyperparameter", "Eine Einstellung, wie ein Modell lernt, die es nicht selbst lernt."),
        "overfitting": ("Überanpassung", "Die Trainingsdaten auswendig zu lernen, statt was auch für neue gilt."),
    }
