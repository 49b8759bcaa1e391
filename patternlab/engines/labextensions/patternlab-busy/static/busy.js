// The page's half of patternlab/engines/busy.py: a line below the cell that runs. It is a node of the page and no output,
// so it is in no notebook file; it goes with the kernel's last word, with the cell's end, or with the kernel.
(() => {
  const ID = "patternlab-busy";
  const OVER = ["dead", "restarting", "autorestarting", "terminating", "unknown"];

  const follow = panel => {
    const session = panel.sessionContext;
    const lines = new Map();                       // the request that a cell runs for -> its line
    const hide = request => {
      lines.get(request)?.remove();
      lines.delete(request);
    };
    const show = (request, {cell, line}) => {
      const widget = panel.content.widgets.find(one => one.model.id === cell);
      if (!line || !widget) return hide(request);
      let node = lines.get(request);
      if (!node) {
        node = document.createElement("div");
        node.className = ID;
        node.style.cssText = "padding: 2px 0 2px calc(var(--jp-cell-prompt-width) + 16px); " +
          "font-size: var(--jp-ui-font-size1); color: var(--jp-ui-font-color2)";
        lines.set(request, node);
      }
      node.textContent = line;
      if (node.parentNode !== widget.node) widget.node.append(node);
    };
    session.iopubMessage.connect((_, message) => {
      const request = message.parent_header.msg_id;
      if (message.header.msg_type === "comm_msg" && message.content.comm_id === ID) show(request, message.content.data);
      else if (message.header.msg_type === "status" && message.content.execution_state === "idle") hide(request);
    });
    session.statusChanged.connect((_, status) => {
      if (OVER.includes(status)) [...lines.keys()].forEach(hide);
    });
  };

  const plugin = {
    id: `${ID}:plugin`, autoStart: true,
    activate: app => { app.docRegistry.addWidgetExtension("Notebook", {createNew: follow}); },
  };
  // what JupyterLab asks of an extension that is loaded into the page: init, and get the module
  (window._JUPYTERLAB ??= {})[ID] = {init: () => {}, get: async () => () => ({__esModule: true, default: plugin})};
})();
