-- What a newcomer does in Neovim: open a script, see what is found, choose the fix, see the finding vanish, save. Neovim
-- has the script open already when this runs. A report of what was seen is written, whatever happens.

local report = { titles = {} }
local patience = 60000 -- milliseconds, after which something is wrong

local function finish()
  vim.fn.writefile({ vim.fn.json_encode(report) }, os.getenv('WALK_REPORT'))
  vim.cmd('qa!')
end

local function wait_until(what, holds)
  if not vim.wait(patience, holds, 20) then
    error('waited in vain until ' .. what)
  end
end

-- The menu of code actions: takes the one that is asked for, as somebody who reads the titles would.
vim.ui.select = function(items, options, choose)
  local wanted
  for _, item in ipairs(items) do
    local title = options.format_item(item)
    table.insert(report.titles, title)
    if title:find(os.getenv('WALK_TITLE'), 1, true) then
      wanted = wanted or item
    end
  end
  choose(wanted)
end

local function walk()
  wait_until('something is found', function()
    return #vim.diagnostic.get(0) > 0
  end)
  local found = vim.diagnostic.get(0)
  report.found = vim.tbl_map(function(each)
    return { line = each.lnum + 1, code = each.code or vim.NIL, source = each.source, message = each.message }
  end, found)

  local before = vim.api.nvim_buf_get_changedtick(0)
  vim.api.nvim_win_set_cursor(0, { found[1].lnum + 1, found[1].col })
  vim.lsp.buf.code_action()
  wait_until('the fix has changed the text', function()
    return vim.api.nvim_buf_get_changedtick(0) > before
  end)
  wait_until('it is found no more', function()
    return #vim.tbl_filter(function(each)
      return each.message == found[1].message
    end, vim.diagnostic.get(0)) == 0
  end)
  vim.cmd('write')
end

local done, trouble = pcall(walk)
if not done then
  report.trouble = tostring(trouble)
end
finish()
