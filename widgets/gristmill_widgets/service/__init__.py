"""The wizard for everybody: one always-on service of the hub, /services/wizard/, that shows each visitor the same page.

Words of this package:

page     what a browser shows after a visit; it belongs to the visitor who asked for it, and so does its kernel
kernel   the Python process behind one page. It has executed pages/wizard.ipynb before anybody came, and knows nobody
         until it is handed the visitor's token, once, over its own signed channel
seat     a kernel that has been given to a visitor: whose it is, their token, and the sockets that are open to it
pool     kernels that stand ready and are nobody's yet

Voila turns the notebook into a page. It lets any visitor into any kernel, and hands kernels the service's environment;
`hardened` is the one module that knows Voila's insides, and replaces what must not be so. `seats` says who sits where,
`identity` who asks, `handing` lets a visitor in, `rounds` ends what should not go on, `assets` sends files once.

The hub starts it as a managed service: `python -m gristmill_widgets.service`.
"""
