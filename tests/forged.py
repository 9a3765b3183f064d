"""Requests that no button of a page sends: what a person can do to the server who edits what their browser says."""

import time

from playwright.sync_api import Page, WebSocketRoute
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


class Wire:
    """The WebSocket between a page and its server: who opens the page through it can speak in the page's place."""

    def __init__(self, page: Page) -> None:
        self.buttons: dict[str, str] = {}
        """Ids of the buttons that the server has sent, by label: disabled ones too."""
        self._page = page
        self._runs = 0
        self._server: WebSocketRoute | None = None
        self._state = ClientState()
        page.route_web_socket("**/_stcore/stream", self._open)

    def press(self, label: str) -> None:
        """Tell the server that a button was pressed, whether or not it can be; back when the server is done with it."""
        assert self._server
        before = self._runs
        message = BackMsg(rerun_script=self._state)
        message.rerun_script.widget_states.widgets.add(id=self.buttons[label], trigger_value=True)
        self._server.send(message.SerializeToString())
        deadline = time.monotonic() + 60
        while self._runs == before:
            assert time.monotonic() < deadline, "the server did not answer"
            self._page.wait_for_timeout(50)  # not sleep: messages pass while Playwright waits

    def _open(self, page: WebSocketRoute) -> None:
        self._server = server = page.connect_to_server()

        def from_page(raw: str | bytes) -> None:
            if isinstance(raw, bytes):
                message = BackMsg.FromString(raw)
                if message.HasField("rerun_script"):
                    self._state.CopyFrom(message.rerun_script)
                    self._state.fragment_id = ""
            server.send(raw)

        def from_server(raw: str | bytes) -> None:
            if isinstance(raw, bytes):
                message = ForwardMsg.FromString(raw)
                self._note(message.delta)
                self._runs += message.HasField("script_finished")
            page.send(raw)

        page.on_message(from_page)
        server.on_message(from_server)

    def _note(self, delta: Delta) -> None:
        button = delta.new_element.button
        if button.id:
            self.buttons[button.label] = button.id
