// A field that narrows the tables of the rules' index to the rows that hold all its words.
"use strict";

function narrow(sections, words) {
  let shown = 0;
  for (const section of sections) {
    let here = 0;
    for (const row of section.querySelectorAll("tbody tr")) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      here += row.hidden ? 0 : 1;
    }
    section.hidden = here === 0;
    shown += here;
  }
  return shown;
}

function addField(index) {
  const sections = [...index.querySelectorAll(":scope > section")];
  const all = narrow(sections, []);
  const field = document.createElement("input");
  field.type = "search";
  field.id = "rule-filter";
  field.placeholder = "Filter: error, unsafe, shuffle, TL5 …";
  field.setAttribute("aria-label", "Filter the rules");
  const count = document.createElement("output");
  count.htmlFor = field.id;
  // A filter can be linked to: index.html?filter=unsafe+shuffle
  const address = new URL(location.href);
  field.value = address.searchParams.get("filter") ?? "";
  const update = () => {
    const shown = narrow(sections, field.value.toLowerCase().split(/\s+/).filter(Boolean));
    count.textContent = shown === all ? `${all} rules` : `${shown} of ${all} rules`;
  };
  field.addEventListener("input", () => {
    update();
    if (field.value) address.searchParams.set("filter", field.value);
    else address.searchParams.delete("filter");
    history.replaceState(null, "", address);
  });
  const frame = document.createElement("p");
  frame.className = "rule-filter";
  frame.append(field, count);
  index.querySelector("h2").after(frame);
  update();
}

const index = document.querySelector("section#index");
if (index && location.pathname.includes("/rules/")) addField(index);
