"""AutoGluon's neural candidates as plain NumPy networks: what a saved model answers with in their place.

Loading torch and fastai takes longer than all else between the start of a process and its first answer, and answering
needs neither: a trained network is a few tables and matrices. So a model's archive holds, beside AutoGluon's predictor,
each network of it that NumPy can work out, and predict.py has these stand in.

Terms
-----
stand-in   a candidate as AutoGluon knows it, with all that AutoGluon does before and after its network, but with the
           network in NumPy
original   the candidate in AutoGluon's predictor; it answers wherever there is no stand-in

Stand-ins are made, and compared with their originals, by `gristmill.engines.compiling` when a model is saved. This
package goes into the archive: it needs AutoGluon and NumPy alone.
"""

from __future__ import annotations

from gristmill.engines.compiled.standing import INDEX, Index, StandIn, stand_in

__all__ = ["INDEX", "Index", "StandIn", "stand_in"]
