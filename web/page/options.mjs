// Options of a task: the fields of a fieldset, by name.

/** The values of a fieldset. */
export function values(fieldset) {
  const value = (field) => (field.type === "checkbox" ? field.checked : field.value.trim());
  return Object.fromEntries(Array.from(fieldset.elements, (field) => [field.name, value(field)]));
}

/** Sets the values of a fieldset; what is not given stays. */
export function setValues(fieldset, given = {}) {
  for (const field of fieldset.elements) {
    if (field.name in given) {
      if (field.type === "checkbox") {
        field.checked = given[field.name];
      } else {
        field.value = given[field.name];
      }
    }
  }
}
