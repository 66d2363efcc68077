// Functions of our own for what the SDK has no class for, written with the SDK's own writer, and short forms for queries.
"use strict";

const sdk = require("@intacct/intacct-sdk");

const { Query, QueryFilter, QueryOrderBy, QuerySelect } = sdk.Functions.Common.NewQuery;

/** A function whose body is given as nested arrays: [name, children or text, attributes]. */
class Written extends sdk.Functions.AbstractFunction {
  constructor(...tree) {
    super();
    this.tree = tree;
  }

  writeXml(xml) {
    xml.writeStartElement("function");
    xml.writeAttribute("controlid", this.controlId, true);
    write(xml, this.tree);
    xml.writeEndElement();
  }
}

function write(xml, [name, content, attributes]) {
  xml.writeStartElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    xml.writeAttribute(key, value, true);
  }
  if (Array.isArray(content)) {
    for (const child of content) {
      if (Array.isArray(child[1]) || child[2]) write(xml, child);
      else xml.writeElement(child[0], child[1], true);
    }
  }
  xml.writeEndElement();
}

/** A query of `object`: fields or a select list, filter, and settings applied by name. */
function query(object, select, filter, settings = {}) {
  const fields = typeof select[0] === "string" ? new QuerySelect.SelectBuilder().addFields(select).selects : select;
  const made = new Query();
  made.assignFromObject(object).assignSelectFields(fields).assignShowPrivate(true);
  if (filter) made.assignFilter(filter);
  if (settings.orderBy) made.assignOrderBy(settings.orderBy);
  if (settings.pageSize) made.assignPageSize(settings.pageSize);
  if (settings.offset) made.assignOffset(settings.offset);
  if (settings.caseInsensitive) made.assignCaseInsensitive(true);
  return made;
}

const where = (field) => new QueryFilter.Filter(field);
const and = (...filters) => new QueryFilter.AndOperator(filters);
const or = (...filters) => new QueryFilter.OrOperator(filters);
const ascending = (field) => new QueryOrderBy.OrderBuilder().addAscending(field).orders;
const descending = (field) => new QueryOrderBy.OrderBuilder().addDescending(field).orders;
const selects = () => new QuerySelect.SelectBuilder();

/** The one result of a call. */
async function result(client, made, requestConfig) {
  const response = await client.execute(made, requestConfig);
  return response.results[0];
}

/** Values of one field over all rows. */
const column = (rows, field) => rows.map((row) => row[field]);

/** The errors of a call that must fail, joined; throws if it succeeds. */
async function refusal(promise) {
  let answer;
  try {
    answer = await promise;
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error;
    return error.errors.join(" | ");
  }
  throw new Error(`was accepted, although it must be refused: ${JSON.stringify(answer && answer.results)}`);
}

module.exports = {
  Written, and, ascending, column, descending, or, query, refusal, result, selects, where,
};
