/* Numbers in order of use: those that webpack makes by default hang on the folder that the checkout lies in. */
module.exports = { optimization: { moduleIds: 'natural' } };
