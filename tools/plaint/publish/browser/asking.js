// What the forms of both pages do alike: say what is wrong where it is wrong, in the page's own words, and show that work goes on.

// Says what is wrong: at the field, or below the form where there is none.
export const complain = (form, problem, text, field) => {
  calm(form, problem);
  problem.textContent = text;
  problem.hidden = false;
  if (!field) {
    form.after(problem);
    return problem.focus();
  }
  field.after(problem);
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", problem.id);
  field.focus();
};

export const calm = (form, problem) => {
  problem.hidden = true;
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
};

// Runs the work with the button off and telling how far it is; `work` gets what to call with a share of 1.
export const busy = async (button, text, work) => {
  const before = button.textContent;
  button.disabled = true;
  button.textContent = text;
  try {
    return await work((share) => {
      button.textContent = share < 1 ? `${text} ${Math.floor(share * 100)} %` : text;
    });
  } finally {
    button.disabled = false;
    button.textContent = before;
  }
};
