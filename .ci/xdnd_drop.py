#!/usr/bin/env python3
"""Drops files and folders on a window, as a file manager does: xdnd_drop.py TITLE PATH...

The source side of XDND version 5 (https://www.freedesktop.org/wiki/Specifications/XDND/): enter, position until the
window says yes, drop, hand over the list of URIs, wait for the window to say that it is finished.
Exit code 1 and a line on stderr when the window is not there, refuses, or does not answer.
"""

import pathlib
import select
import sys
import time

from Xlib import X, Xatom, display
from Xlib.protocol import event

XDND_VERSION = 5
ANSWER_SECS = 10.0
URI_LIST = "text/uri-list"


class DropFailed(Exception):
    """The drop did not happen; the message says why."""


def windows_below(window):
    """`window` and all below it, itself first."""
    yield window
    for child in window.query_tree().children:
        yield from windows_below(child)


class XdndSource:
    """One drag, from a window of its own to `target`."""

    def __init__(self, title, paths):
        self.display = display.Display()
        self.root = self.display.screen().root
        self.own = self.root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        self.target = self._find(title)
        self.uris = "".join(pathlib.Path(path).resolve().as_uri() + "\r\n" for path in paths).encode()

    def atom(self, name):
        return self.display.intern_atom(name)

    def _find(self, title):
        for window in windows_below(self.root):
            takes_drops = window.get_full_property(self.atom("XdndAware"), X.AnyPropertyType)
            if takes_drops and title in str(window.get_wm_name()):
                return window
        raise DropFailed(f'no window that takes drops is called "{title}"')

    def send(self, kind, *data):
        """Sends the client message `kind` with up to four 32-bit numbers after our window's."""
        words = [self.own.id, *data, 0, 0, 0, 0][:5]
        message = event.ClientMessage(window=self.target, client_type=self.atom(kind), data=(32, words))
        self.target.send_event(message)
        self.display.flush()

    def events(self):
        """What arrives within the time the window has to answer."""
        deadline = time.monotonic() + ANSWER_SECS
        while (left := deadline - time.monotonic()) > 0:
            if self.display.pending_events() or select.select([self.display], [], [], left)[0]:
                for _ in range(self.display.pending_events()):
                    yield self.display.next_event()

    def wait_for(self, kind):
        """The numbers of the client message `kind`; hands over the URIs when asked in the meantime."""
        for received in self.events():
            if received.type == X.SelectionRequest:
                self.hand_over(received)
            elif received.type == X.ClientMessage and received.client_type == self.atom(kind):
                return received.data[1]
        raise DropFailed(f"the window did not answer with {kind} within {ANSWER_SECS:.0f} s")

    def hand_over(self, request):
        """Answers a request for the selection: the URI list, or a refusal of any other format."""
        known = request.target == self.atom(URI_LIST)
        where = request.property or request.target
        if known:
            request.requestor.change_property(where, request.target, 8, self.uris)
        answer = event.SelectionNotify(
            time=request.time,
            requestor=request.requestor,
            selection=request.selection,
            target=request.target,
            property=where if known else X.NONE,
        )
        request.requestor.send_event(answer)
        self.display.flush()

    def drop(self):
        """The whole drag, onto the middle of the window."""
        size = self.target.get_geometry()
        middle = self.root.translate_coords(self.target, size.width // 2, size.height // 2)
        self.own.set_selection_owner(self.atom("XdndSelection"), X.CurrentTime)
        self.own.change_property(self.atom("XdndTypeList"), Xatom.ATOM, 32, [self.atom(URI_LIST)])
        self.send("XdndEnter", XDND_VERSION << 24, self.atom(URI_LIST))
        self.send("XdndPosition", 0, middle.x << 16 | middle.y, X.CurrentTime, self.atom("XdndActionCopy"))
        if not self.wait_for("XdndStatus")[1] & 1:
            self.send("XdndLeave")
            raise DropFailed("the window refuses the drop")
        self.send("XdndDrop", 0, X.CurrentTime)
        if not self.wait_for("XdndFinished")[1] & 1:
            raise DropFailed("the window could not use what was dropped")


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: xdnd_drop.py TITLE PATH...")
    try:
        XdndSource(sys.argv[1], sys.argv[2:]).drop()
    except DropFailed as problem:
        sys.exit(f"drop failed: {problem}")


if __name__ == "__main__":
    main()
