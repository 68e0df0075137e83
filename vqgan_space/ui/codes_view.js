// Reads the grid out of the element's own data, so it goes on working when the value is replaced.
let cell = null;

const view = () => element.querySelector(".codes-view");

function grid() {
  const data = view().dataset;
  return {
    width: Number(data.width),
    height: Number(data.height),
    codes: data.codes.split(",").map(Number),
  };
}

function highlight(code) {
  const { width, height, codes } = grid();
  let path = `M0 0H${width}V${height}H0Z`;
  let count = 0;
  codes.forEach((other, at) => {
    if (other !== code) return;
    path += `M${at % width} ${Math.floor(at / width)}h1v1h-1Z`;
    count += 1;
  });
  view().querySelector(".others").setAttribute("d", path);
  view().classList.add("pointing");
  return `code ${code}, in ${count} of ${codes.length} cells`;
}

function say(text) {
  view().querySelector(".codes-readout").textContent = text;
}

function pointAt(column, row) {
  const { width, height, codes } = grid();
  cell = {
    column: Math.min(Math.max(column, 0), width - 1),
    row: Math.min(Math.max(row, 0), height - 1),
  };
  const cursor = view().querySelector(".cursor");
  cursor.setAttribute("x", cell.column);
  cursor.setAttribute("y", cell.row);
  const text = highlight(codes[cell.row * width + cell.column]);
  say(`Row ${cell.row + 1}, column ${cell.column + 1}: ${text}`);
}

function rest() {
  if (!view()) return;
  view().classList.remove("pointing", "by-bar");
}

function underPointer(event) {
  const frame = event.target.closest(".codes-grid");
  const bar = event.target.closest("[data-code]");
  if (frame) {
    const box = frame.getBoundingClientRect();
    const { width, height } = grid();
    view().classList.remove("by-bar");
    pointAt(
      Math.floor(((event.clientX - box.left) / box.width) * width),
      Math.floor(((event.clientY - box.top) / box.height) * height)
    );
  } else if (bar) {
    const text = highlight(Number(bar.dataset.code));
    view().classList.add("by-bar");
    say(text[0].toUpperCase() + text.slice(1));
  } else {
    rest();
  }
}

element.addEventListener("pointermove", underPointer);
element.addEventListener("pointerdown", underPointer);
element.addEventListener("pointerleave", rest);
element.addEventListener("focusin", (event) => {
  if (event.target.matches(".codes-grid:focus-visible")) pointAt(cell?.column ?? 0, cell?.row ?? 0);
});
element.addEventListener("focusout", rest);
element.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (!step[event.key] || !event.target.matches(".codes-grid")) return;
  event.preventDefault();
  view().classList.remove("by-bar");
  pointAt((cell?.column ?? 0) + step[event.key][0], (cell?.row ?? 0) + step[event.key][1]);
});
