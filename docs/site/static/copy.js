// A button on each block of code that copies it. Of a session on a terminal it copies what was typed.
"use strict";

const PROMPT = "$ ";

function typed(block) {
  const text = block.querySelector("pre").textContent;
  if (!block.closest(".highlight-console")) return text;
  const lines = text.split("\n").filter((line) => line.startsWith(PROMPT));
  return lines.map((line) => line.slice(PROMPT.length) + "\n").join("");
}

function addButton(block) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    button.textContent = await navigator.clipboard.writeText(typed(block)).then(
      () => "Copied",
      () => "Not allowed",
    );
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  block.append(button);
}

// Browsers keep the clipboard from pages that came over an open line.
if (navigator.clipboard) document.querySelectorAll("div.highlight").forEach(addButton);
