// Labels the input that CodeMirror puts in place of the SQL text box, for screen readers.
window.addEventListener("load", () =>
  setTimeout(() => {
    for (const input of document.querySelectorAll(".CodeMirror textarea")) {
      input.setAttribute("aria-label", "SQL");
    }
  })
);
