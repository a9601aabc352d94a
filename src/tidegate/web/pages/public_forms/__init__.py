"""Forms that anybody may open: a notice, a tip, and what became of them. Off unless `public_forms` is on.

There is no account and no session, so nobody's name can be used by a form on another site, and no token is kept
for one: what is sent here counts as a stranger's, also from a browser in which somebody is signed in. A form
must carry a challenge that we signed all the same (`web/puzzle.py`).
"""

from tidegate.web.pages.public_forms import follow_up, notice, tip

pages = [*notice.pages, *tip.pages, *follow_up.pages]
